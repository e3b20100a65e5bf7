import Commerce
import Ledger
import Pipeline
import Store

/// A webhook secret that took the place of the first one.
struct Rotation: Sendable {
    var secret: String
    /// When the hub was given it.
    var at: Moment
}

/// What happens once or twice in a while and turns much over: settings are changed, all there is is set to nothing,
/// everybody comes at once.
extension World {
    /// When the first of it happens, in seconds.
    static let upheavalSeconds = 200.0...2500.0
    /// How long the hub takes calls signed with the old secret, in seconds of its own clock.
    static let overlapSeconds = 3 * 3600.0
    /// How long that is sure to last, whatever becomes of the hub's clock, in seconds.
    static let sureOverlapSeconds = 3000.0
    /// How many come in a rush, for how many pieces, and how long one comes after the other, in seconds.
    static let rushers = 500
    static let rushPieces = 10
    static let rushPaceSeconds = 3.6

    mutating func planUpheavals() {
        if knobs.depth.changesSettings {
            for vendor in vendors.indices { plan(.settings(vendor)) }
        }
        if knobs.depth.empties { plan(.emptying) }
        if knobs.depth.rushes { plan(.rush(Self.rushers, "")) }
    }

    private mutating func plan(_ event: Event) {
        agenda.add(event, at: now.adding(seconds: chance.seconds(Self.upheavalSeconds)))
    }

    // MARK: - Settings

    /// The secret a vendor is to sign its calls with.
    func secret(of vendor: Int) -> String {
        rotations[vendor]?.secret ?? (vendors[vendor].nature.isShop ? ShopVendor.secret : StallVendor.secret)
    }

    /// What an integration's settings are to be from now on; the first time its webhook secret is another one. Nil when
    /// it is too late for that.
    mutating func newSettings(of vendor: Int) -> (config: JSON, options: IntegrationOptions)? {
        guard isStormy else { return nil }
        agenda.add(.settings(vendor), at: now.adding(seconds: chance.seconds(Self.upheavalSeconds)))
        if rotations[vendor] == nil {
            rotations[vendor] = Rotation(secret: "rotated-secret-\(chance.below(1_000_000))", at: now)
        }
        coverage.reached("settings were changed")
        step("somebody changes the settings of \(vendors[vendor].name)")
        var options = knobs.options
        options.intervals = ["*": chance.within(60...knobs.intervalSeconds)]
        if let policy = chance.pick(["manual", "timestamp", "hub_wins", "woocommerce_wins", "priority"]) {
            options.policies = ["*": policy]
        }
        let (name, secret) = (vendors[vendor].name, secret(of: vendor))
        let config =
            vendor < knobs.shops
            ? ShopVendor.settings(name, pageSize: knobs.breadth.page, secret: secret)
            : StallConnector.settings(knobs.stalls[vendor - knobs.shops], name: name, secret: secret)
        return (config, options)
    }

    /// A vendor's own call may not be refused, and one with the old secret not before its time is over.
    mutating func judgeSecret(_ arriving: Arriving, _ status: Int) {
        guard let rotation = rotations[arriving.vendor] else {
            if status == 401 { oracle.breach("I10", "a call of \(vendors[arriving.vendor].name) was refused", now) }
            return
        }
        let isNew = vendors[arriving.vendor].isSigned(arriving.call, with: rotation.secret)
        if !isNew, status < 300 { coverage.reached("two webhook secrets overlapped") }
        guard status == 401, isNew || now.seconds(since: rotation.at) < Self.sureOverlapSeconds else { return }
        oracle.breach(
            "I10",
            "a call of \(vendors[arriving.vendor].name) with the \(isNew ? "new" : "old") secret was refused", now)
    }

    // MARK: - People

    /// Somebody sets all there is at a vendor to nothing at the same moment, and nobody takes it back.
    mutating func emptyShelves() {
        guard isStormy else { return }
        let vendor = chance.below(vendors.count)
        var emptied = 0
        for good in vendors[vendor].shown(at: now).goods where good.stock != 0 {
            oracle.stock.counted(good.number, at: vendor, now)
            let isDone = happen(at: vendor, "sets \(good.number) to nothing") { $0.count(good.number, to: 0, at: $1) }
            emptied += isDone ? 1 : 0
        }
        if emptied > 1 { coverage.reached("all there was was set to nothing") }
    }

    /// One of many who want the same thing comes, and buys where there is a piece.
    mutating func rush(_ left: Int, for number: String) {
        guard isStormy else { return }
        var number = number
        if number.isEmpty {
            let vendor = chance.below(vendors.count)
            guard let good = chance.pick(vendors[vendor].shown(at: now).goods.map(\.number)) else { return }
            number = good
            oracle.stock.counted(number, at: vendor, now)
            _ = happen(at: vendor, "has \(Self.rushPieces) of \(number)") {
                $0.count(number, to: Self.rushPieces, at: $1)
            }
        } else {
            let vendor = chance.below(vendors.count)
            if vendors[vendor].shown(at: now).good(number)?.stock ?? 0 > 0 {
                let buyer = "rush\(left)@example.com"
                _ = sell(number, 1, to: buyer, at: vendor, "sells 1 of \(number) in the rush")
            } else {
                coverage.reached("500 came for ten pieces")
            }
        }
        guard left > 1 else { return }
        agenda.add(.rush(left - 1, number), at: now.adding(seconds: Self.rushPaceSeconds))
    }
}

extension Rehearsal {
    /// Somebody changes the settings of an integration at the hub's console.
    func changeSettings(of vendor: Int) {
        guard let process = stage.world.withLock({ $0.processForVisitors() }),
            let settings = stage.world.withLock({ $0.newSettings(of: vendor) })
        else {
            return stage.world.withLock { world in
                guard world.isStormy else { return }
                world.agenda.add(.settings(vendor), at: world.now.adding(seconds: 60))
            }
        }
        let (name, isShop) = (stage.world.withLock { $0.vendors[vendor].name }, vendor < knobs.shops)
        let stage = stage
        Task(executorPreference: stage.executor) {
            do {
                _ = try await process.hub.replace(
                    isShop ? "woocommerce" : "stall", name: name, config: settings.config, options: settings.options,
                    keepingOldSecretsSeconds: World.overlapSeconds)
            } catch {
                stage.world.withLock { $0.story.note($0.now, "somebody at the hub is told: \(error)") }
            }
        }
    }
}
