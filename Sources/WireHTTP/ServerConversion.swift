import NIOHTTP1
import Wire

extension Wire.HTTPRequest {
    /// A request as it reached the server.
    init(_ head: HTTPRequestHead, _ headers: Wire.HTTPHeaders, body: [UInt8], scheme: String, peer: String?) {
        let target = head.target
        let path = target.prefix { $0 != UInt8(ascii: "?") }
        let authority = head.host.flatMap { HTTPAddress("\(scheme)://\($0)") }
        let query = target[path.endIndex...].dropFirst()
        let address = HTTPAddress(
            scheme: scheme, host: authority?.host ?? "", port: authority?.port,
            path: path.isEmpty ? "/" : String(Substring(path)),
            query: query.isEmpty ? [] : HTTPAddress.query(String(Substring(query))))
        self.init(head.method.rawValue, address, headers: headers, body: body, peer: peer)
    }
}

extension HTTPRequestHead {
    /// The path and query asked for. A proxy may be asked with a whole address (RFC 9112, section 3.2.2); of that it is
    /// what stands behind the host.
    fileprivate var target: Substring.UTF8View {
        let whole = Substring(uri).utf8
        guard whole.first != UInt8(ascii: "/"), let mark = uri.firstRange(of: "://") else { return whole }
        let rest = uri[mark.upperBound...].prefix { $0 != "#" }
        let tail = rest.drop { $0 != "/" && $0 != "?" }
        return Substring(tail.first == "/" ? String(tail) : "/" + tail).utf8
    }

    /// The fields without the host, which is part of the address.
    var fields: Wire.HTTPHeaders {
        var fields = Wire.HTTPHeaders()
        fields.reserve(headers.count)
        var hasHost = false
        for (name, value) in headers {
            if !hasHost, Wire.HTTPHeaders.isSame(name, "Host") {
                hasHost = true
            } else {
                fields.add(name, Self.trimmed(value))
            }
        }
        return fields
    }

    /// Whether it says once which host it is for; only before HTTP/1.1 it need not (RFC 9112, section 3.2).
    var namesOneHost: Bool {
        let count = headers.count { Wire.HTTPHeaders.isSame($0.name, "Host") }
        return count == 1 || count == 0 && version != .http1_1
    }

    fileprivate var host: String? { headers.first(name: "Host").map(Self.trimmed) }

    /// A value without the blanks behind it, which are no part of it (RFC 9110, section 5.5). Those in front of it are
    /// not read in the first place.
    private static func trimmed(_ value: String) -> String {
        let blanks = value.utf8.reversed().prefix { $0 == 0x20 || $0 == 0x09 }.count
        return blanks == 0 ? value : String(Substring(value.utf8.dropLast(blanks)))
    }
}

extension Wire.HTTPResponse {
    /// The head to be written. Names that are no header names are left out; values were cut before a line break.
    func head(closes: Bool, date: String) -> HTTPResponseHead {
        var fields = NIOHTTP1.HTTPHeaders()
        fields.reserveCapacity(headers.list.count + 3)
        for field in headers.list where Self.isName(field.name) { fields.add(name: field.name, value: field.value) }
        if stream == nil, status >= 200, status != 204, status != 304 {
            fields.replaceOrAdd(name: "Content-Length", value: String(body.count))
        }
        if closes { fields.replaceOrAdd(name: "Connection", value: "close") }
        if headers["Date"] == nil { fields.add(name: "Date", value: date) }
        let code = (100...999).contains(status) ? status : 500
        return HTTPResponseHead(version: .http1_1, status: HTTPResponseStatus(statusCode: code), headers: fields)
    }

    /// Whether a text is the name of a header (RFC 9110, section 5.6.2).
    private static func isName(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"): true
                default: marks.contains(byte)
                }
            }
    }

    private static let marks = Array("!#$%&'*+.^_`|~".utf8)
}
