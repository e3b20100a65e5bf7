import HTTPTypes
import Wire

extension Wire.HTTPRequest {
    /// A request as it reached the server.
    init(_ head: HTTPTypes.HTTPRequest, body: [UInt8], scheme: String, peer: String?) {
        let target = head.path ?? "/"
        let path = target.prefix { $0 != "?" }
        let authority = HTTPAddress(scheme + "://" + (head.authority ?? ""))
        let address = HTTPAddress(
            scheme: scheme, host: authority?.host ?? "", port: authority?.port, path: path.isEmpty ? "/" : String(path),
            query: HTTPAddress.query(String(target[path.endIndex...].dropFirst())))
        var headers = HTTPHeaders()
        for field in head.headerFields { headers.add(field.name.rawName, field.value) }
        self.init(head.method.rawValue, address, headers: headers, body: body, peer: peer)
    }
}

extension Wire.HTTPResponse {
    /// The head to be written. Names that are no header names are left out.
    func head(closes: Bool) -> HTTPTypes.HTTPResponse {
        var fields = HTTPFields()
        for field in headers.list {
            guard let name = HTTPField.Name(field.name) else { continue }
            fields.append(HTTPField(name: name, value: field.value))
        }
        if stream == nil, status >= 200, status != 204, status != 304 { fields[.contentLength] = String(body.count) }
        if closes { fields[.connection] = "close" }
        let code = (100...999).contains(status) ? status : 500
        return HTTPTypes.HTTPResponse(status: .init(code: code), headerFields: fields)
    }
}
