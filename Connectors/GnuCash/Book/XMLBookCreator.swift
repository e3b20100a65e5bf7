import Foundation

/// Writes a new book as text.
enum XMLBookCreator {
    static func create(_ book: NewBook, at path: String, form: BookForm, disk: Disk) throws(BookFailure) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            if errno == EEXIST { throw .alreadyExists(path: path) }
            throw BookFailure(errno: errno, path: path, action: "make")
        }
        let file = FileSink(descriptor: descriptor, path: path, disk: disk)
        do {
            let sink: any ByteSink = form == .gzip ? try GzipSink(file) : file
            try sink.write(text(of: book))
            try sink.finish()
        } catch {
            unlink(path)
            throw error
        }
        disk.sync(folderOf: path)
    }

    private static let prefixes = [
        "gnc", "act", "book", "cd", "cmdty", "price", "slot", "split", "sx", "trn", "ts", "fs", "bgt", "recurrence",
        "lot", "addr", "billterm", "bt-days", "bt-prox", "cust", "employee", "entry", "invoice", "job", "order",
        "owner", "taxtable", "tte", "vendor",
    ]

    private static func text(of book: NewBook) -> [UInt8] {
        let spaces = prefixes.map { "\n     xmlns:\($0)=\"http://www.gnucash.org/XML/\($0)\"" }.joined()
        var text = Array(
            """
            <?xml version="1.0" encoding="utf-8" ?>
            <gnc-v2\(spaces)>
            <gnc:count-data cd:type="book">1</gnc:count-data>
            <gnc:book version="2.0.0">
            <book:id type="guid">\(book.id)</book:id>
            <gnc:count-data cd:type="commodity">1</gnc:count-data>
            <gnc:count-data cd:type="account">\(book.accounts.count + 1)</gnc:count-data>
            <gnc:commodity version="2.0.0">
              <cmdty:space>\(book.currency.space)</cmdty:space>
              <cmdty:id>\(book.currency.code)</cmdty:id>
              <cmdty:get_quotes/>
              <cmdty:quote_source>currency</cmdty:quote_source>
              <cmdty:quote_tz/>
            </gnc:commodity>

            """.utf8)
        var fragment = XMLFragment()
        fragment.add(BookAccount(guid: book.root, name: "Root Account", type: "ROOT", commodity: nil, parent: nil))
        book.accounts.forEach { fragment.add($0) }
        text += fragment.bytes
        text += Array("</gnc:book>\n</gnc-v2>\n".utf8)
        return text
    }
}
