import Commerce
import Foundation
import Wire

/// A recorded exchange with the real shop.
struct Recording {
    var name: String
    var json: JSON

    /// The folder of recordings beside the project, or nil when this machine has none.
    static let folder: URL? = {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let folder = root.appending(path: "../shared/contracts/woocommerce").standardizedFileURL
        return FileManager.default.fileExists(atPath: folder.path) ? folder : nil
    }()

    /// All names, `products/simple-get`, sorted.
    static var names: [String] {
        guard let folder, let files = FileManager.default.enumerator(atPath: folder.path) else { return [] }
        return files.compactMap { $0 as? String }.filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }
            .sorted()
    }

    init?(_ name: String) {
        guard let file = Self.folder?.appending(path: name + ".json"),
            let data = try? Foundation.Data(contentsOf: file),
            let json = try? JSON(parsing: data)
        else { return nil }
        self.name = name
        self.json = json
    }

    var status: Int? { json["response"]?["status"]?.integer }
    var body: JSON { json["response"]?["body"] ?? .null }

    /// The recorded request, as the recording shop received it.
    var request: HTTPRequest? {
        guard let recorded = json["request"], let method = recorded["method"]?.string,
            let path = recorded["path"]?.string
        else { return nil }
        let query = (recorded["query"]?.array ?? []).compactMap { pair -> HTTPAddress.QueryItem? in
            guard let name = pair[0]?.string, let value = pair[1]?.string else { return nil }
            return .init(name, value)
        }
        let address = HTTPAddress(scheme: "http", host: "127.0.0.1", port: 18_080, path: path, query: query)
        var request = HTTPRequest(method, address)
        for (name, value) in recorded["headers"]?.object ?? [:] { request.headers[name] = value.string }
        if let body = recorded["body"] {
            // A body that was no JSON was recorded as the text it was.
            request.body = body.string.map { Array($0.utf8) } ?? body.bytes
            request.headers["Content-Type"] = "application/json"
        }
        if recorded["auth"] == "basic" { request.headers["X-Forwarded-Proto"] = "https" }
        if recorded["auth"] == "basic" || request.headers["Authorization"]?.contains("<base64") ?? false {
            request.headers["Authorization"] = "Basic " + Foundation.Data(credentials.utf8).base64EncodedString()
        }
        return request
    }

    /// The key of the recording shop that may read and write, as its own recordings show it.
    static let key: (name: String, secret: String) = {
        let shown = Recording("auth/200-querystring-keys-over-https")?.json["request"]?["query"]?.array ?? []
        let value = { (name: JSON) in shown.first { $0[0] == name }?[1]?.string ?? "" }
        return (value("consumer_key"), value("consumer_secret"))
    }()

    /// The recordings hide whose key was used; their names say it.
    private var credentials: String {
        switch name {
        case "errors/401-read-only-key-writes": "ck_reader:cs_reader"
        case "errors/401-write-only-key-reads": "ck_writer:cs_writer"
        case "errors/401-basic-wrong-secret": "\(Self.key.name):wrong"
        case "errors/401-basic-unknown-key": "ck_nope:cs_nope"
        default: "\(Self.key.name):\(Self.key.secret)"
        }
    }
}

/// Where two JSON values differ in shape, and in the values that must be equal whatever the shop's history.
struct ShapeComparison {
    private(set) var differences: [String] = []
    /// Members whose lists may be empty on one side: they depend on what else was in the recording shop.
    static let looseLists: Set<String> = ["related_ids", "meta_data", "images", "variations", "categories"]
    /// Members whose values must be equal too.
    static let compared: Set<String> = [
        "code", "status", "type", "sku", "regular_price", "sale_price", "price", "on_sale", "manage_stock",
        "stock_quantity", "stock_status", "total", "total_tax", "subtotal", "subtotal_tax", "discount",
        "discount_tax", "discount_total", "shipping_total", "shipping_tax", "cart_tax", "quantity", "amount",
        "product_id", "variation_id", "parent_id", "customer_id", "number", "slug", "topic", "delivery_url", "hooks",
        "tax_class", "weight", "needs_payment", "needs_processing", "is_editable", "message", "params", "details",
        "resource_id", "unique_sku", "rate_code", "display_value", "description", "name",
        "permalink", "generated_slug", "_links", "average_rating", "email", "username",
    ]

    init(recorded: JSON, ours: JSON, ignoring: Set<String> = []) {
        compare(recorded, ours, at: "", name: "", ignoring)
    }

    private mutating func compare(_ left: JSON, _ right: JSON, at path: String, name: String, _ ignoring: Set<String>) {
        if ignoring.contains(name) { return }
        switch (left, right) {
        case (.object(let one), .object(let two)):
            let missing = Set(one.keys).subtracting(two.keys).sorted()
            let extra = Set(two.keys).subtracting(one.keys).sorted()
            if !missing.isEmpty { differences.append("\(path): missing \(missing)") }
            if !extra.isEmpty { differences.append("\(path): not recorded \(extra)") }
            for (key, value) in one.sorted(by: { $0.key < $1.key }) {
                if let other = two[key] { compare(value, other, at: "\(path).\(key)", name: key, ignoring) }
            }
        case (.array(let one), .array(let two)):
            if one.isEmpty != two.isEmpty, !Self.looseLists.contains(name) {
                differences.append("\(path): recorded \(one.count) entries, ours \(two.count)")
            }
            for (index, pair) in zip(one, two).enumerated() {
                compare(pair.0, pair.1, at: "\(path)[\(index)]", name: name, ignoring)
            }
        case (.string, .string), (.number, .number), (.bool, .bool), (.null, .null):
            let isOwnID = path == ".id" || (name == "id" && path.filter { $0 == "." }.count == 1)
            let isCompared =
                Self.compared.contains(name) || isOwnID || path.contains("._links.") || path.hasPrefix(".data")
            if isCompared, left != right { differences.append("\(path): recorded \(left.text), ours \(right.text)") }
        default: differences.append("\(path): recorded \(left.text.prefix(60)), ours \(right.text.prefix(60))")
        }
    }
}
