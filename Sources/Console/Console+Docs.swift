import Commerce
import Pipeline
import Wire

/// The document of the API: for tools, and as a page. Open to everybody, for it holds no data (C-04).
extension Console {
    static let documentRoutes: [Route] = [
        Route("GET", "/docs", .everybody, "The addresses of the hub, to read.", .page(200)) {
            $1.envelope.html($0.document.texts($0.options.version, $0.templates).page)
        },
        Route("GET", "/docs/openapi.json", .everybody, "The addresses of the hub, as OpenAPI 3.1.", .bare(.map(.any))) {
            console, _ in
            let bytes = console.document.texts(console.options.version, console.templates).json
            return HTTPResponse(
                status: 200, headers: ["Content-Type": "application/json; charset=utf-8"], body: bytes)
        },
    ]
}
