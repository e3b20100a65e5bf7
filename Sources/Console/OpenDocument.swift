import Commerce
import Synchronization
import Wire

/// The document of the API, as tools read it and as a page. Everybody may ask for it, so it is made once and kept: a
/// crowd that asks costs no more than its bytes.
final class OpenDocument: Sendable {
    /// What is sent.
    struct Texts: Sendable {
        let json: [UInt8]
        let page: String
    }

    private let made = Mutex<Texts?>(nil)

    /// The texts, made when they are first asked for.
    func texts(_ version: String, _ templates: Templates) -> Texts {
        made.withLock { made in
            if let made { return made }
            let document = OpenAPI(version: version)
            let texts = Texts(
                json: document.json.bytes, page: templates.render("docs", DocumentView(document).view))
            made = texts
            return texts
        }
    }
}
