import Commerce
import Foundation
import Wire

extension WooCommerceSandbox {
    /// The answer of the shop itself, before any fault.
    mutating func serve(_ request: HTTPRequest, isTLS: Bool) -> HTTPResponse {
        let path = request.address.path.removingPercentEncoding ?? request.address.path
        guard path.hasPrefix("/wp-json") else { return page(path) }
        var context = Context(base: base(isTLS: isTLS))
        do throws(ShopError) {
            context.key = try authenticated(request, isTLS: isTLS)
            let reply = try handle(request, path: path, context: &context)
            return response(reply, context)
        } catch {
            return response(Reply(status: error.status, node: error.node), context)
        }
    }

    /// What is known about a request while it is served.
    struct Context {
        var base: String
        var key: SandboxKey?
        var allow: [String] = []
    }

    /// The site's address in http or https.
    func base(isTLS: Bool) -> String {
        let rest = options.siteURL.drop { $0 != ":" }
        return (isTLS ? "https" : "http") + rest
    }

    private mutating func handle(
        _ request: HTTPRequest, path: String, context: inout Context
    ) throws(ShopError) -> Reply {
        if let key = context.key { try checkPermission(key, request.method, isOne: false, isBatch: false) }
        guard path.hasPrefix(Call.root + "/"), path != "/wp-json" else { return try index(path) }
        let segments = path.dropFirst(Call.root.count).split(separator: "/").map(String.init)
        guard let place = Place(segments), place.methods.contains(request.method) else { throw .noRoute }
        context.allow = place.methods
        let call = Call(
            method: request.method, path: path, segments: segments, query: request.address.query,
            body: try body(of: request), base: context.base)
        try Schema.check(call, at: place)
        try checkPermission(context.key, request.method, isOne: place.isOne, isBatch: place.isBatch)
        var reply = try dispatch(call, to: place)
        if !place.isBatch { reply.node = reply.node.keeping(call.fields?.union(["_links"])) }
        return reply
    }

    private func body(of request: HTTPRequest) throws(ShopError) -> JSON {
        guard !request.body.isEmpty, request.method != "GET" else { return [:] }
        guard request.headers["Content-Type"]?.lowercased().contains("json") ?? false else {
            let pairs = HTTPAddress.query(String(decoding: request.body, as: UTF8.self))
            return .object(Dictionary(pairs.map { ($0.name, .string($0.value)) }, uniquingKeysWith: { $1 }))
        }
        guard let body = try? JSON(parsing: request.body) else {
            throw ShopError(
                400, "rest_invalid_json", "Invalid JSON body passed.",
                [.init("json_error_code", 4), .init("json_error_message", "Syntax error")])
        }
        return body
    }

    private func index(_ path: String) throws(ShopError) -> Reply {
        guard ["/wp-json", "/wp-json/", Call.root].contains(path) else { throw .noRoute }
        return Reply(
            node: [
                "name": "Sandbox shop", "description": "", "url": .text(options.siteURL),
                "home": .text(options.siteURL), "gmt_offset": .number(hours), "timezone_string": "",
                "namespaces": ["wc/v3"],
            ])
    }

    private var hours: String {
        let minutes = options.utcOffsetMinutes
        return minutes % 60 == 0 ? String(minutes / 60) : String(Double(minutes) / 60)
    }

    private func response(_ reply: Reply, _ context: Context) -> HTTPResponse {
        var headers: HTTPHeaders = [
            "Content-Type": "application/json; charset=UTF-8",
            "Link": "<\(context.base)/wp-json/>; rel=\"https://api.w.org/\"",
            "Access-Control-Expose-Headers": "X-WP-Total, X-WP-TotalPages, Link",
        ]
        if context.key != nil {
            headers.add("Expires", "Wed, 11 Jan 1984 05:00:00 GMT")
            headers.add("Cache-Control", "no-cache, must-revalidate, max-age=0, no-store, private")
            if !context.allow.isEmpty { headers.add("Allow", context.allow.joined(separator: ", ")) }
        }
        for (name, value) in reply.headers { headers[name] = value }
        return HTTPResponse(status: reply.status, headers: headers, body: reply.node.bytes)
    }

    /// What is not the REST interface: the cron address answers with nothing, the rest is a page.
    private func page(_ path: String) -> HTTPResponse {
        if path == "/wp-cron.php" { return HTTPResponse(status: 200) }
        let isHome = path == "/" || path == "/shop/"
        let text = isHome ? "A stand-in for a WooCommerce shop." : "Page not found."
        return HTTPResponse(
            status: isHome ? 200 : 404, headers: ["Content-Type": "text/html; charset=UTF-8"],
            body: Array("<!DOCTYPE html><title>Sandbox shop</title><p>\(text)</p>".utf8))
    }
}
