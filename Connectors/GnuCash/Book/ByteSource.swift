import CZlib
import Foundation

/// Where the bytes of a book come from, piece by piece.
protocol ByteSource: AnyObject {
    /// Fills the front of the room and says how much; 0 at the end.
    func read(into room: UnsafeMutableRawBufferPointer) throws(BookFailure) -> Int
}

/// The bytes of a file as they are.
final class FileSource: ByteSource {
    let path: String
    private let descriptor: Int32

    init(_ path: String) throws(BookFailure) {
        self.path = path
        descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw BookFailure(errno: errno, path: path, action: "read") }
    }

    deinit { close(descriptor) }

    func read(into room: UnsafeMutableRawBufferPointer) throws(BookFailure) -> Int {
        while true {
            let count = Glibc.read(descriptor, room.baseAddress, room.count)
            if count >= 0 { return count }
            if errno != EINTR { throw BookFailure(errno: errno, path: path, action: "read") }
        }
    }
}

/// The bytes of a piece of memory.
final class MemorySource: ByteSource {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    func read(into room: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(room.count, bytes.count - position)
        bytes.withUnsafeBytes { room.copyMemory(from: .init(rebasing: $0[position..<position + count])) }
        position += count
        return count
    }
}

/// The content of a gzip file.
final class GzipSource: ByteSource {
    private let file: FileSource
    private let stream: UnsafeMutablePointer<z_stream>
    private let input: UnsafeMutableRawBufferPointer
    private var isInsideMember = true
    private static let inputBytes = 1 << 18

    init(_ file: FileSource) throws(BookFailure) {
        self.file = file
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        input = .allocate(byteCount: Self.inputBytes, alignment: 16)
        // 16 more than the largest window: a gzip header and trailer, which is checked.
        guard inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw .failed(path: file.path, detail: "no memory to unpack it")
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
        input.deallocate()
    }

    func read(into room: UnsafeMutableRawBufferPointer) throws(BookFailure) -> Int {
        stream.pointee.next_out = room.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = UInt32(clamping: room.count)
        let offered = Int(stream.pointee.avail_out)
        while stream.pointee.avail_out > 0 {
            if stream.pointee.avail_in == 0, try !fill() { break }
            let result = inflate(stream, Z_NO_FLUSH)
            switch result {
            case Z_OK: isInsideMember = true
            case Z_STREAM_END:
                isInsideMember = false
                inflateReset(stream)
            default:
                let made = offered - Int(stream.pointee.avail_out)
                if made > 0 { return made }
                throw .damaged(path: file.path, detail: "the compressed data cannot be unpacked (zlib \(result))")
            }
        }
        return offered - Int(stream.pointee.avail_out)
    }

    /// Reads more of the file; false at its end, which must not lie inside the packed data.
    private func fill() throws(BookFailure) -> Bool {
        let count = try file.read(into: input)
        if count == 0 {
            if isInsideMember { throw .truncated(path: file.path, detail: "the compressed data stops short") }
            return false
        }
        stream.pointee.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_in = UInt32(count)
        return true
    }
}
