import Commerce
import Foundation
import Testing
import Wire
import WireHTTP

/// A client on this machine.
enum Web {
    private static let transport = HTTPTransport(version: "tests", allowedPrivateHosts: ["127.0.0.1"])

    static func get(_ url: String, _ headers: HTTPHeaders = [:]) async throws -> HTTPResponse {
        try await send("GET", url, headers, [])
    }

    static func post(_ url: String, _ body: JSON, _ headers: HTTPHeaders = [:]) async throws -> HTTPResponse {
        var headers = headers
        headers["Content-Type"] = "application/json"
        return try await send("POST", url, headers, body.bytes)
    }

    static func send(
        _ method: String, _ url: String, _ headers: HTTPHeaders, _ body: [UInt8]
    ) async throws -> HTTPResponse {
        let address = try #require(HTTPAddress(url))
        return try await transport.send(HTTPRequest(method, address, headers: headers, body: body))
    }
}

/// The stand-in shop as its visitors, its staff and whoever has a key meet it.
struct ShopVisitor: Sendable {
    let url: String

    /// What the shop is connected with.
    var settings: JSON {
        [
            "siteUrl": .string(url), "consumerKey": "ck_sandbox", "consumerSecret": "cs_sandbox",
            "webhookSecret": "sandbox-webhook-secret", "version": "wc/v3",
        ]
    }

    /// Everything a list of the shop holds, by its own REST API and not by the hub's code.
    func all(_ path: String) async throws -> [JSON] {
        // The stand-in takes a proxy's word that the call came by https, where a key alone suffices.
        let proof: HTTPHeaders = [
            "Authorization": "Basic " + Signature.base64(Array("ck_sandbox:cs_sandbox".utf8)),
            "X-Forwarded-Proto": "https",
        ]
        var found: [JSON] = []
        for page in 1...200 {
            let mark = path.contains("?") ? "&" : "?"
            let answer = try await Web.get("\(url)/wp-json/wc/v3\(path)\(mark)per_page=100&page=\(page)", proof)
            try #require(answer.status == 200, "\(path): \(answer.status)")
            let rows = try #require(JSON(parsing: answer.body).array)
            found += rows
            if rows.count < 100 { break }
        }
        return found
    }

    /// Something done in the shop; nil when the shop refused it.
    @discardableResult
    func act(_ verb: String, _ body: JSON) async throws -> JSON? {
        let answer = try await Web.post("\(url)/_sandbox/\(verb)", body)
        return answer.status == 200 ? try JSON(parsing: answer.body) : nil
    }

    /// A shopper's order of one simple product, whose stock is filled up first. Answers its id.
    func order(sku: String, quantity: Int, email: String) async throws -> Int? {
        try await act("stock", ["sku": .string(sku), "quantity": 500])
        let item: JSON = ["sku": .string(sku), "quantity": .integer(quantity)]
        return try await act("orders", ["items": [item], "email": .string(email), "name": "Kamala Silva"])?["order"]?
            .integer
    }

    /// The SKUs of simple products that are sold.
    func skus() async throws -> [String] {
        try await all("/products?type=simple&status=publish&orderby=id&order=asc").compactMap { $0["sku"]?.string }
            .filter { !$0.isEmpty }
    }
}
