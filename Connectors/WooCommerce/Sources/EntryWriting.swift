import ConnectorKit

/// Writes simple records by batch: bodies out, drafts back, one result for each.
struct EntryWriting: Sendable {
    let client: WooCommerceClient
    /// The list the records live in, without `/batch`.
    let path: String

    /// Sends the requests.
    ///
    /// - Throws: `ConnectorFailure` when the one call failed for all.
    func send(
        _ requests: [WriteRequest], body: (WriteRequest) throws(WriteRefusal) -> [String: JSON],
        translate: (JSON) throws(PayloadError) -> Draft,
        adopt: (WriteRequest, EntryError) async throws(ConnectorFailure) -> Draft?
    ) async throws(ConnectorFailure) -> [WriteResult] {
        var results: [Int: WriteResult] = [:]
        var entries: [BatchWriting.Entry] = []
        for (place, request) in requests.enumerated() {
            do {
                entries.append(try entry(request, place, try body(request)))
            } catch {
                results[place] = error.result
            }
        }
        let sent = entries.filter { $0.isNew || $0.body.count > 1 }
        let outcomes = await BatchWriting(client: client, path: path + "/batch").send(sent)
        for (place, request) in requests.enumerated() where results[place] == nil {
            switch outcomes[place] {
            case .failed(let failure): results[place] = .failed(failure)
            case .refused(let error): results[place] = await refused(request, error, adopt)
            case .answered(let json): results[place] = written(json, request, translate)
            case nil: results[place] = .written(Written(externalID: request.externalID ?? ""))
            }
        }
        return try requests.indices.map { results[$0] ?? .held("not written") }.orThrow()
    }

    private func entry(
        _ request: WriteRequest, _ place: Int, _ body: [String: JSON]
    ) throws(WriteRefusal) -> BatchWriting.Entry {
        guard let id = request.externalID else { return BatchWriting.Entry(place: place, body: body, isNew: true) }
        guard let number = Int(id) else { throw .waits("\"\(id)\" is no id of this shop") }
        let withID = body.merging(["id": .integer(number)]) { $1 }
        return BatchWriting.Entry(place: place, body: withID, isNew: false)
    }

    private func refused(
        _ request: WriteRequest, _ error: EntryError,
        _ adopt: (WriteRequest, EntryError) async throws(ConnectorFailure) -> Draft?
    ) async -> WriteResult {
        guard request.externalID == nil else { return .failed(error.failure) }
        do {
            guard let draft = try await adopt(request, error) else { return .failed(error.failure) }
            return .written(Written(externalID: draft.externalID, answer: draft, isAdopted: true))
        } catch {
            return .failed(error)
        }
    }

    private func written(
        _ json: JSON, _ request: WriteRequest, _ translate: (JSON) throws(PayloadError) -> Draft
    ) -> WriteResult {
        do {
            let draft = try translate(json)
            return .written(Written(externalID: draft.externalID, answer: draft, remarks: draft.remarks))
        } catch {
            let id = Payload(json).filled("id") ?? request.externalID ?? ""
            return .written(Written(externalID: id, remarks: ["the shop's answer cannot be read: \(error.reason)"]))
        }
    }
}
