import ConnectorKit
import Foundation

/// Where a book may lie.
enum BookPlace {
    /// Refuses a path that leads out of the folders, by whatever way (`..`, a link). Nil: it may lie anywhere.
    ///
    /// - Throws: `SettingsError` naming the folders.
    static func check(_ path: String, in folders: [String]?) throws(SettingsError) {
        guard let folders else { return }
        let real = whole(path)
        let isInside = folders.contains { folder in
            let root = whole(folder)
            return real.hasPrefix(root == "/" ? root : root + "/")
        }
        guard !isInside else { return }
        let sentence =
            "gnucash: the book \(path) lies outside \(folders.joined(separator: ", ")); put it there and give its "
            + "whole path, or name its folder in CROSSDOCK_BOOK_FOLDERS where the hub is started"
        throw SettingsError(byField: [SettingProblem("gnucash_file_path", sentence)])
    }

    /// The path from the root on, without links. Of what is not there yet the folder counts.
    static func whole(_ path: String) -> String {
        let url = URL(filePath: path).standardizedFileURL
        let real = url.resolvingSymlinksInPath().path
        if FileManager.default.fileExists(atPath: real) { return real }
        let folder = url.deletingLastPathComponent().resolvingSymlinksInPath().path
        return (folder == "/" ? "" : folder) + "/" + url.lastPathComponent
    }
}
