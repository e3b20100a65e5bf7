import Foundation
import Identity
import Testing

@testable import Console

/// The page of addresses says of each who is let in, and says the truth.
@Suite("Console: the table of addresses")
struct RouteTableTests {
    private static let columns: [Role?] = [.viewer, .operator, .admin, .integration, nil]

    private func told() throws -> [String: [String]] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: root.appending(path: "docs/api.md"), encoding: .utf8)
        var rows: [String: [String]] = [:]
        for line in text.split(separator: "\n") where line.hasPrefix("| `") {
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            rows[cells[0].trimmingCharacters(in: ["`"])] = Array(cells.dropFirst())
        }
        return rows
    }

    private func words(_ route: Route, _ role: Role?) -> String {
        switch route.admission {
        case .vendors: "signed"
        // The page itself asks who it is, and gives the form where others are denied.
        case .everybody where route.pattern == "/":
            role.map { $0.permissions.contains(.see) ? "yes" : "no" } ?? "sign-in form"
        case .everybody: "yes"
        case .known: role == nil ? "no" : "yes"
        case .those(let permission): role?.permissions.contains(permission) ?? false ? "yes" : "no"
        }
    }

    @Test func itNamesEveryAddressWithEveryRoleAndNoOther() throws {
        let told = try told()

        for route in Console.routes {
            let cells = try #require(told["\(route.method) \(route.pattern)"], "\(route.method) \(route.pattern)")
            #expect(cells == Self.columns.map { words(route, $0) } + [route.purpose], "\(route.pattern)")
        }
        #expect(told.count == Console.routes.count)
    }

    /// The table above is what the program says of itself; here it is asked.
    @Test func everyAddressAnswersEveryRoleAsTheTableSays() async throws {
        let asking = try await Asking()
        for route in Console.routes {
            let path = route.pattern.replacing("{id}", with: "7").replacing(/\{\w+\}/, with: "none")
            for role in Self.columns {
                let token = if let role { try await asking.token(role) } else { String?.none }
                let status = await asking.ask(route.method, path, token: token).status
                let isDenied = [401, 403].contains(status)
                // A door for vendors does not find, or does not prove, whatever the token.
                guard route.admission != .vendors, route.pattern != "/sign-in" else { continue }
                // These ask for a name and a password, or what renews a sign-in, and not for a token.
                guard !["/api/auth/token", "/api/auth/refresh"].contains(route.pattern) else { continue }
                let word = words(route, role)
                #expect(isDenied == (word != "yes"), "\(route.method) \(path) \(role?.rawValue ?? "nobody"): \(status)")
            }
        }
    }

    @Test func noTwoAddressesFitOneRequest() {
        for one in Console.routes {
            for other in Console.routes where (one.method, one.pattern) != (other.method, other.pattern) {
                let path = one.pattern.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(
                    String.init)
                #expect(one.method != other.method || other.names(in: path) == nil, "\(one.pattern) \(other.pattern)")
            }
        }
    }
}
