import Console
import Ledger

@testable import Pipeline

/// A hub that knows nothing yet.
struct NoRecords: CataloguePort {
    func records(_ filter: RecordFilter, after place: RecordPlace?, limit: Int) async throws -> RecordPage {
        RecordPage(views: [], next: nil)
    }

    func record(_ id: Int64) async throws -> RecordStory? { nil }
}
