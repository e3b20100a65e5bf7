import Wire

/// A refusal as the shop words it.
struct ShopError: Error {
    var status: Int
    var code: String
    var message: String
    /// More members of `data`.
    var details: [Node.Member] = []
    /// The one recorded error whose `data` is the bare status number.
    var hasBareData = false

    init(_ status: Int, _ code: String, _ message: String, _ details: [Node.Member] = [], hasBareData: Bool = false) {
        self.status = status
        self.code = code
        self.message = message
        self.details = details
        self.hasBareData = hasBareData
    }

    /// The answer's body.
    var node: Node {
        let data: Node = hasBareData ? .int(status) : .object([.init("status", .int(status))] + details)
        return ["code": .text(code), "message": .text(message), "data": data]
    }

    static let noRoute = ShopError(
        404, "rest_no_route", "No route was found matching the URL and request method.")

    /// No object of that kind has that id: 404 when read or deleted, 400 when written.
    static func invalidID(_ kind: String, _ status: Int) -> ShopError {
        ShopError(status, "woocommerce_rest_\(kind)_invalid_id", "Invalid ID.")
    }

    static func authentication(_ message: String) -> ShopError {
        ShopError(401, "woocommerce_rest_authentication_error", message)
    }
}
