import Commerce

/// What may be asked at an address, and what is answered. The OpenAPI document is made of nothing else.
struct Contract: Sendable {
    /// A word of the query.
    struct Parameter: Sendable {
        let name: String
        let shape: Shape
        let purpose: String
        /// Whether nothing is answered without it.
        let isNeeded: Bool

        init(_ name: String, _ shape: Shape, _ purpose: String, isNeeded: Bool = false) {
            self.name = name
            self.shape = shape
            self.purpose = purpose
            self.isNeeded = isNeeded
        }

        /// How many lines are listed at most.
        static func limit(_ limits: (usual: Int, most: Int)) -> Parameter {
            Parameter("limit", .integer(1...limits.most), "How many at most; \(limits.usual) unless said.")
        }
    }

    /// What is sent.
    struct Body: Sendable {
        let type: String
        let shape: Shape
        let isNeeded: Bool
    }

    /// An answer that is no error in the usual form.
    struct Answer: Sendable {
        let status: Int
        let type: String
        let shape: Shape
    }

    /// Where an answer names what other addresses are about.
    struct Lead: Sendable {
        /// The addresses that begin with this, up to and with the part left open.
        let pattern: String
        /// The place of the name in the answer, as a JSON pointer.
        let place: String
    }

    static let json = "application/json"

    private(set) var query: [Parameter] = []
    private(set) var body: Body?
    private(set) var answers: [Answer]
    /// The errors besides those that follow from who is let in.
    private(set) var refusals: Set<ErrorCode> = []
    private(set) var leads: [Lead] = []
    /// Whether an `Idempotency-Key` has it done once.
    private(set) var isKeyed = false

    // MARK: What is answered

    /// `{success, data, timestamp, requestId}`; a list that has pages tells its `pagination` besides.
    static func data(_ shape: Shape, status: Int = 200, pages: Shape? = nil) -> Contract {
        var members: [String: Shape] = [
            "success": Shape(["const": true]), "data": shape, "timestamp": .time, "requestId": .requestID,
        ]
        members["pagination"] = pages
        return bare(.object(members), status: status)
    }

    static func list(_ shape: Shape) -> Contract { data(.list(shape)) }

    /// JSON without an envelope.
    static func bare(_ shape: Shape, status: Int = 200) -> Contract {
        Contract(answers: [Answer(status: status, type: json, shape: shape)])
    }

    /// Another kind of content.
    static func content(_ type: String, _ statuses: Int...) -> Contract {
        Contract(answers: statuses.map { Answer(status: $0, type: type, shape: .text) })
    }

    static func page(_ statuses: Int...) -> Contract {
        Contract(answers: statuses.map { Answer(status: $0, type: "text/html", shape: .text) })
    }

    /// The way to another page.
    static let elsewhere = Contract(answers: [Answer(status: 303, type: "", shape: .any)])

    /// The browser has it already.
    static let known = Contract(answers: [Answer(status: 304, type: "", shape: .any)])

    /// That, too.
    func or(_ other: Contract) -> Contract {
        var contract = self
        contract.answers += other.answers
        return contract
    }

    /// What stands at that place in the answer is what the addresses at the pattern are asked with.
    func leading(to pattern: String, by place: String) -> Contract {
        var contract = self
        contract.leads.append(Lead(pattern: pattern, place: place))
        return contract
    }

    func refusing(_ codes: ErrorCode...) -> Contract {
        var contract = self
        contract.refusals.formUnion(codes)
        return contract
    }

    // MARK: What may be asked

    func asking(_ parameters: Parameter...) -> Contract { asking(parameters) }

    func asking(_ parameters: [Parameter]) -> Contract {
        var contract = self
        contract.query += parameters
        return contract.refusing(.badRequest)
    }

    /// A body of JSON, closed: a member that is not named is refused.
    func taking(_ shape: Shape, isNeeded: Bool = true) -> Contract {
        taking(Body(type: Self.json, shape: shape, isNeeded: isNeeded)).refusing(.unsupportedMediaType)
    }

    /// The fields of a form.
    func takingForm(_ members: [String: Shape]) -> Contract {
        let shape = Shape.object([:], optional: members)
        return taking(Body(type: "application/x-www-form-urlencoded", shape: shape, isNeeded: false))
    }

    private func taking(_ body: Body) -> Contract {
        var contract = self
        contract.body = body
        return contract.refusing(.badRequest, .payloadTooLarge)
    }

    /// It is done once under one `Idempotency-Key`.
    var once: Contract {
        var contract = self
        contract.isKeyed = true
        return contract.refusing(
            .badRequest, .requestInFlight, .keyReused, .payloadTooLarge, .unsupportedMediaType)
    }
}

extension Shape {
    static let requestID = text(like: "^req_[0-9a-f-]+$", as: "req_5f0c3c9e1d2b4a6f8e7d9c0b")

    /// Nothing is to be said; an empty object says it, too.
    static let nothing = object([:], isClosed: true)
}
