@_exported import Commerce

extension JSON: JSONBody {}

extension HTTPResponse {
    /// An answer that was written piece by piece.
    public static func json(_ text: borrowing JSONText) -> HTTPResponse { json(bytes: text.bytes) }
}
