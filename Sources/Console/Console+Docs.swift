import Commerce
import Pipeline
import Wire

/// The document of the API: for tools, and as a page.
extension Console {
    static let documentRoutes: [Route] = [
        Route("GET", "/docs", .known, "The addresses of the hub, to read.", .page(200)) { $0.documentPage($1) },
        Route("GET", "/docs/openapi.json", .known, "The addresses of the hub, as OpenAPI 3.1.", .bare(.map(.any))) {
            console, _ in .json(OpenAPI(version: console.options.version).json)
        },
    ]

    private func documentPage(_ visit: Visit) -> HTTPResponse {
        let document = DocumentView(OpenAPI(version: options.version))
        return visit.envelope.html(templates.render("docs", document.view))
    }
}
