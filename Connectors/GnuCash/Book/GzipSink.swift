import CZlib

/// Packs what is written to it.
final class GzipSink: ByteSink {
    private let target: FileSink
    private let stream: UnsafeMutablePointer<z_stream>
    private let output: UnsafeMutableRawBufferPointer
    private static let outputBytes = 1 << 18

    init(_ target: FileSink) throws(BookFailure) {
        self.target = target
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        output = .allocate(byteCount: Self.outputBytes, alignment: 16)
        // 16 more than the largest window: with a gzip header and trailer.
        let result = deflateInit2_(
            stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        guard result == Z_OK else { throw .failed(path: target.path, detail: "no memory to pack it") }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
        output.deallocate()
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(BookFailure) {
        guard bytes.count > 0 else { return }
        stream.pointee.next_in = UnsafeMutablePointer(
            mutating: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.pointee.avail_in = UInt32(clamping: bytes.count)
        while stream.pointee.avail_in > 0 { _ = try step(Z_NO_FLUSH) }
    }

    func finish() throws(BookFailure) {
        while try step(Z_FINISH) != Z_STREAM_END {}
        try target.finish()
    }

    private func step(_ flush: Int32) throws(BookFailure) -> Int32 {
        stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = UInt32(output.count)
        let result = deflate(stream, flush)
        guard result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR else {
            throw .failed(path: target.path, detail: "it cannot be packed (zlib \(result))")
        }
        let made = output.count - Int(stream.pointee.avail_out)
        try target.write(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(output)[0..<made]))
        return result
    }
}
