import Foundation
import Mustache
import Wire

/// A part of the console is missing or broken.
public struct ConsoleError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is missing.
    public let description: String
}

/// The templates of the pages, read once.
struct Templates: Sendable {
    /// Every template begins with this, so that its texts are taken as `View` has escaped them.
    static let header = "{{% CONTENT_TYPE:TEXT}}"

    private let library: MustacheLibrary

    init() throws(ConsoleError) {
        var library = MustacheLibrary()
        for file in try Bundled.files(in: "Templates", withExtension: "mustache") {
            let text = String(decoding: file.bytes, as: UTF8.self)
            guard text.hasPrefix(Self.header) else {
                throw ConsoleError(description: "the template \(file.name) does not begin with \(Self.header)")
            }
            do {
                try library.register(text, named: String(file.name.dropLast(".mustache".count)))
            } catch {
                throw ConsoleError(description: "the template \(file.name) cannot be read: \(error)")
            }
        }
        self.library = library
    }

    /// The template of that name with those values; empty when there is none of that name, which a test excludes.
    func render(_ name: String, _ view: View) -> String {
        library.render(view.forTemplate, withTemplate: name) ?? ""
    }
}

/// The style and the script of the pages, read once.
struct Assets: Sendable {
    private struct Asset {
        let bytes: [UInt8]
        let type: String
        let tag: String
    }

    private let assets: [String: Asset]

    private static let types = [
        "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml",
    ]

    init() throws(ConsoleError) {
        var assets: [String: Asset] = [:]
        for (ending, type) in Self.types {
            for file in try Bundled.files(in: "Assets", withExtension: ending) {
                let tag = "\"" + Signature.hex(Signature.sha256(file.bytes).prefix(8)) + "\""
                assets[file.name] = Asset(bytes: file.bytes, type: type, tag: tag)
            }
        }
        self.assets = assets
    }

    /// The file of that name, 304 when the browser has it already, or nil when there is none.
    func response(to request: HTTPRequest, name: String) -> HTTPResponse? {
        guard let asset = assets[name] else { return nil }
        let headers: HTTPHeaders = ["ETag": asset.tag, "Cache-Control": "no-cache", "Content-Type": asset.type]
        let isKnown = request.headers["If-None-Match"] == asset.tag
        return HTTPResponse(status: isKnown ? 304 : 200, headers: headers, body: isKnown ? [] : asset.bytes)
    }
}

private enum Bundled {
    struct File {
        let name: String
        let bytes: [UInt8]
    }

    static func files(in folder: String, withExtension ending: String) throws(ConsoleError) -> [File] {
        let place = Bundle.module.bundleURL.appending(path: folder)
        do {
            return try FileManager.default.contentsOfDirectory(at: place, includingPropertiesForKeys: nil)
                .filter { $0.pathExtension == ending }.sorted { $0.path < $1.path }
                .map { File(name: $0.lastPathComponent, bytes: Array(try Data(contentsOf: $0))) }
        } catch {
            throw ConsoleError(
                description: "the console's folder \(folder) is missing beside the program (\(place.path)): \(error)")
        }
    }
}
