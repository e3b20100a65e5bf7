import Foundation

/// A plain connection to a server under test, for what no well-behaved client sends.
final class RawCaller: Sendable {
    private let socket: Int32

    init?(port: Int) {
        socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = loopback(port: port)
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard code == 0 else { return nil }
        var patience = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit {
        hangUp()
        close(socket)
    }

    /// Ends one's own side; the other may still answer.
    func sayNoMore() { shutdown(socket, Int32(SHUT_WR)) }

    func say(_ text: String) { say(Array(text.utf8)) }

    func say(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes { send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard sent > 0 else { return }
            rest = rest.dropFirst(sent)
        }
    }

    /// What comes next, empty when the server has closed.
    func hear() -> String {
        var room = [UInt8](repeating: 0, count: 65_536)
        let count = room.withUnsafeMutableBytes { recv(socket, $0.baseAddress, $0.count, 0) }
        return count > 0 ? String(decoding: room[..<count], as: UTF8.self) : ""
    }

    /// Everything until that text has come or the server has closed.
    func hear(until wanted: String) -> String {
        var all = ""
        while !all.contains(wanted) {
            let next = hear()
            guard !next.isEmpty else { return all }
            all += next
        }
        return all
    }

    /// Everything until the server closes.
    func hearAll() -> String { hear(until: "\u{0}never") }

    func hangUp() { shutdown(socket, Int32(SHUT_RDWR)) }
}

/// A server that accepts connections and does as it is told with each: the script gets the connection after the head of
/// the request has been read.
final class OddServer: Sendable {
    typealias Script = @Sendable (_ say: (String) -> Void, _ hold: () -> Void) -> Void

    let port: Int
    private let listener: Int32

    init(_ script: @escaping Script) throws {
        listener = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = loopback(port: 0)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(listener, $0, size)
                _ = listen(listener, 16)
                _ = getsockname(listener, $0, &size)
            }
        }
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread { Self.serve(listener, script) }.start()
    }

    deinit { shutdown(listener, Int32(SHUT_RDWR)) }

    private static func serve(_ listener: Int32, _ script: Script) {
        while true {
            let connection = accept(listener, nil, nil)
            guard connection >= 0 else { break }
            var seen = ""
            // A TLS greeting begins with 0x16 and has no such end.
            while !seen.contains("\r\n\r\n"), !seen.hasPrefix("\u{16}") {
                var room = [UInt8](repeating: 0, count: 4096)
                let count = recv(connection, &room, room.count, 0)
                guard count > 0 else { break }
                seen += String(decoding: room[..<count], as: UTF8.self)
            }
            script(
                { text in
                    _ = Array(text.utf8).withUnsafeBytes {
                        send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                    }
                },
                {
                    var byte: UInt8 = 0
                    while recv(connection, &byte, 1, 0) > 0 {}
                })
            close(connection)
        }
        close(listener)
    }
}

private func loopback(port: Int) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
}
