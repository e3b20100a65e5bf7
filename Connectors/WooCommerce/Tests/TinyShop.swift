import ConnectorKit
import Foundation
import TestKit

@testable import WooCommerce

/// A very small shop that keeps what it is given: lists by page, order and time of change, single reads, batches.
actor TinyShop: Transport {
    /// Records by list (`products`, `orders`, `products/40/variations`).
    private var shelves: [String: [Int: JSON]] = [:]
    private var nextID = 1000
    /// Runs after each answered list, with the number of lists answered so far: an edit between two pages.
    private var meanwhile: [Int: @Sendable (isolated TinyShop) -> Void] = [:]
    private var lists = 0
    private(set) var asked: [HTTPRequest] = []

    init(_ shelves: [String: [JSON]]) {
        for (path, records) in shelves {
            for record in records { self.shelves[path, default: [:]][record["id"]?.integer ?? 0] = record }
        }
    }

    func put(_ path: String, _ record: JSON) { shelves[path, default: [:]][record["id"]?.integer ?? 0] = record }
    func remove(_ path: String, _ id: Int) { shelves[path]?[id] = nil }
    func record(_ path: String, _ id: Int) -> JSON? { shelves[path]?[id] }
    func after(list number: Int, _ edit: @escaping @Sendable (isolated TinyShop) -> Void) { meanwhile[number] = edit }
    func count(_ path: String) -> Int { shelves[path]?.count ?? 0 }

    func send(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse {
        asked.append(request)
        let path = String(request.address.path.dropFirst("/wp-json/wc/v3/".count))
        if path == "settings/general" { return answered([["id": "woocommerce_currency", "value": "LKR"]]) }
        if request.method == "POST", path.hasSuffix("/batch") { return batch(String(path.dropLast(6)), request) }
        let pieces = path.split(separator: "/")
        if let id = pieces.last.flatMap({ Int($0) }), pieces.count % 2 == 0 || path.contains("categories") {
            return single(pieces.dropLast().joined(separator: "/"), id, request)
        }
        if path.hasSuffix("/refunds") { return answered(.array(Array((shelves[path] ?? [:]).values))) }
        return list(path, request)
    }

    private func answered(_ json: JSON, status: Int = 200) -> HTTPResponse { HTTPResponse.json(json, status: status) }

    private func single(_ path: String, _ id: Int, _ request: HTTPRequest) -> HTTPResponse {
        guard var record = shelves[path]?[id] else {
            return answered(["code": "woocommerce_rest_product_invalid_id", "message": "Invalid ID."], status: 404)
        }
        if request.method == "DELETE" {
            let before = record
            record = merged(record, ["status": "trash"])
            shelves[path]?[id] = record
            return answered(before)
        }
        return answered(record)
    }

    private func list(_ path: String, _ request: HTTPRequest) -> HTTPResponse {
        let query = Dictionary(request.address.query.map { ($0.name, $0.value) }) { $1 }
        var records = Array((shelves[path] ?? [:]).values).filter { $0["status"] != "trash" }
        func modified(_ json: JSON) -> String { json["date_modified_gmt"]?.string ?? "" }
        if let after = query["modified_after"] { records = records.filter { modified($0) > after } }
        if let before = query["modified_before"] { records = records.filter { modified($0) < before } }
        if let include = query["include"]?.split(separator: ",").compactMap({ Int($0) }) {
            records = records.filter { include.contains($0["id"]?.integer ?? 0) }
        }
        for name in ["sku", "email", "type", "slug"] {
            if let wanted = query[name] { records = records.filter { $0[name]?.string == wanted } }
        }
        records.sort { left, right in
            let ids = (left["id"]?.integer ?? 0, right["id"]?.integer ?? 0)
            // Records of one second come in no order of their own: here the other way round.
            return query["orderby"] == "modified" && modified(left) != modified(right)
                ? modified(left) < modified(right) : query["orderby"] == "modified" ? ids.0 > ids.1 : ids.0 < ids.1
        }
        let size = query["per_page"].flatMap { Int($0) } ?? 10
        let skip = ((query["page"].flatMap { Int($0) } ?? 1) - 1) * size
        let page = Array(records.dropFirst(skip).prefix(size))
        lists += 1
        meanwhile.removeValue(forKey: lists)?(self)
        var answer = answered(.array(page))
        answer.headers["X-WP-Total"] = String(records.count)
        return answer
    }

    private func batch(_ path: String, _ request: HTTPRequest) -> HTTPResponse {
        guard let body = try? JSON(parsing: request.body) else {
            return answered(["code": "rest_invalid_json"], status: 400)
        }
        let create = (body["create"]?.array ?? []).map { created(path, $0) }
        let update = (body["update"]?.array ?? []).map { entry -> JSON in
            guard let id = entry["id"]?.integer, let record = shelves[path]?[id] else {
                let error: JSON = ["code": "woocommerce_rest_product_invalid_id", "message": "Invalid ID."]
                return ["id": entry["id"] ?? 0, "error": error]
            }
            let changed = merged(record, entry.object ?? [:])
            shelves[path]?[id] = changed
            return changed
        }
        return answered(["create": .array(create), "update": .array(update)])
    }

    private func created(_ path: String, _ entry: JSON) -> JSON {
        let unique = path == "customers" ? "email" : "sku"
        let wanted = entry[unique]?.string
        let holder = (shelves[path] ?? [:]).values.first { wanted != nil && $0[unique]?.string == wanted }
        if let holder, let id = holder["id"] {
            let code: JSON = path == "customers" ? "registration-error-email-exists" : "product_invalid_sku"
            return ["id": 0, "error": ["code": code, "message": "taken", "data": ["status": 400, "resource_id": id]]]
        }
        nextID += 1
        let bare: [String: JSON] = ["sku": "", "regular_price": ""]
        let blank = path == "customers" ? Sample.customer(nextID) : Sample.product(nextID, bare)
        let record = merged(blank, entry.object ?? [:])
        shelves[path, default: [:]][nextID] = record
        return record
    }

    /// Members laid over a record; objects within it are laid over in their turn, as the shop does with addresses.
    private func merged(_ record: JSON, _ members: [String: JSON]) -> JSON {
        var result = record.object ?? [:]
        for (name, value) in members {
            if let old = result[name]?.object, let new = value.object {
                result[name] = .object(old.merging(new) { $1 })
            } else {
                result[name] = value
            }
        }
        return .object(result)
    }
}
