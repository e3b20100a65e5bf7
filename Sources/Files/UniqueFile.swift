import Foundation

/// An open file with a name that nothing else has, readable by its owner alone from its first byte on.
public struct UniqueFile {
    /// Whoever makes the file closes it.
    public let descriptor: Int32
    public let path: String

    /// Makes an empty file whose name is the stem and six characters more; nil with `errno` where it cannot be made.
    public init?(stem: String) {
        var template = Array("\(stem)XXXXXX".utf8CString)
        let made = mkstemp(&template)
        guard made >= 0 else { return nil }
        // No program that is started meanwhile shall hold it open.
        _ = fcntl(made, F_SETFD, FD_CLOEXEC)
        descriptor = made
        path = template.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } } ?? stem
    }
}
