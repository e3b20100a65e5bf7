import Foundation

/// The folders in which books and other files of connectors may lie: whoever may connect something is not to have the
/// hub read or write whatever file this machine has.
enum BookFolders {
    static let name = "CROSSDOCK_BOOK_FOLDERS"

    /// Those that the environment names, parted by colons; else the folder of the hub's own data.
    static func named(_ environment: HubEnvironment, beside folder: String) throws -> [String] {
        guard let given = try environment.value([name]) else {
            // Whole: whoever reads of it over the API does not know where the hub was started.
            return [URL(filePath: folder).standardizedFileURL.path(percentEncoded: false)]
        }
        let folders = given.split(separator: ":").map { NSString(string: String($0)).expandingTildeInPath }
        for folder in folders where !folder.hasPrefix("/") {
            throw Refusal("\(name): \"\(folder)\" must be a whole path, from / on")
        }
        return folders
    }
}
