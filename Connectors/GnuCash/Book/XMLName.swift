/// The element names of a book that are read. GnuCash matches them letter by letter, prefix included.
enum XMLName: String, CaseIterable, Sendable {
    case other = ""
    case document = "gnc-v2"
    case book = "gnc:book"
    case bookID = "book:id"
    case bookSlots = "book:slots"
    case count = "gnc:count-data"
    case commodity = "gnc:commodity"
    case space = "cmdty:space"
    case code = "cmdty:id"

    case account = "gnc:account"
    case accountName = "act:name"
    case accountID = "act:id"
    case accountType = "act:type"
    case accountCommodity = "act:commodity"
    case accountUnit = "act:commodity-scu"
    case accountCode = "act:code"
    case accountText = "act:description"
    case accountSlots = "act:slots"
    case accountParent = "act:parent"
    case accountLots = "act:lots"
    case lot = "gnc:lot"
    case lotID = "lot:id"
    case lotSlots = "lot:slots"

    case transaction = "gnc:transaction"
    case transactionID = "trn:id"
    case transactionCurrency = "trn:currency"
    case transactionNumber = "trn:num"
    case transactionPosted = "trn:date-posted"
    case transactionEntered = "trn:date-entered"
    case transactionText = "trn:description"
    case transactionSlots = "trn:slots"
    case splits = "trn:splits"
    case split = "trn:split"
    case splitID = "split:id"
    case splitMemo = "split:memo"
    case splitAction = "split:action"
    case splitReconciled = "split:reconciled-state"
    case splitValue = "split:value"
    case splitQuantity = "split:quantity"
    case splitAccount = "split:account"
    case splitLot = "split:lot"
    case splitSlots = "split:slots"

    case slot = "slot"
    case slotKey = "slot:key"
    case slotValue = "slot:value"
    case day = "gdate"
    case time = "ts:date"

    case customer = "gnc:GncCustomer"
    case customerID = "cust:guid"
    case customerName = "cust:name"
    case customerNumber = "cust:id"
    case customerAddress = "cust:addr"
    case customerShipping = "cust:shipaddr"
    case customerNotes = "cust:notes"
    case customerTaxIncluded = "cust:taxincluded"
    case customerActive = "cust:active"
    case customerDiscount = "cust:discount"
    case customerCredit = "cust:credit"
    case customerCurrency = "cust:currency"
    case customerOverrides = "cust:use-tt"
    case customerTaxTable = "cust:taxtable"
    case customerSlots = "cust:slots"
    case addressName = "addr:name"
    case addressLine1 = "addr:addr1"
    case addressLine2 = "addr:addr2"
    case addressLine3 = "addr:addr3"
    case addressLine4 = "addr:addr4"
    case addressPhone = "addr:phone"
    case addressFax = "addr:fax"
    case addressEmail = "addr:email"

    case invoice = "gnc:GncInvoice"
    case invoiceID = "invoice:guid"
    case invoiceNumber = "invoice:id"
    case invoiceOwner = "invoice:owner"
    case invoiceOpened = "invoice:opened"
    case invoicePosted = "invoice:posted"
    case invoiceBilling = "invoice:billing_id"
    case invoiceNotes = "invoice:notes"
    case invoiceActive = "invoice:active"
    case invoiceTransaction = "invoice:posttxn"
    case invoiceLot = "invoice:postlot"
    case invoiceAccount = "invoice:postacc"
    case invoiceCurrency = "invoice:currency"
    case invoiceSlots = "invoice:slots"
    case ownerType = "owner:type"
    case ownerID = "owner:id"

    case entry = "gnc:GncEntry"
    case entryID = "entry:guid"
    case entryDay = "entry:date"
    case entryEntered = "entry:entered"
    case entryText = "entry:description"
    case entryAction = "entry:action"
    case entryNotes = "entry:notes"
    case entryQuantity = "entry:qty"
    case entryAccount = "entry:i-acct"
    case entryPrice = "entry:i-price"
    case entryDiscount = "entry:i-discount"
    case entryInvoice = "entry:invoice"
    case entryDiscountType = "entry:i-disc-type"
    case entryDiscountOrder = "entry:i-disc-how"
    case entryTaxable = "entry:i-taxable"
    case entryTaxIncluded = "entry:i-taxincluded"
    case entryTaxTable = "entry:i-taxtable"

    case job = "gnc:GncJob"
    case jobID = "job:guid"
    case jobNumber = "job:id"
    case jobName = "job:name"
    case jobOwner = "job:owner"
    case jobActive = "job:active"

    case taxTable = "gnc:GncTaxTable"
    case taxTableID = "taxtable:guid"
    case taxTableName = "taxtable:name"
    case taxTableUses = "taxtable:refcount"
    case taxTableInvisible = "taxtable:invisible"
    case taxTableParent = "taxtable:parent"
    case taxTableChild = "taxtable:child"
    case taxTableRates = "taxtable:entries"
    case taxRate = "gnc:GncTaxTableEntry"
    case rateAccount = "tte:acct"
    case rateAmount = "tte:amount"
    case rateType = "tte:type"
}

/// Finds a name by its hash.
struct XMLNameTable: Sendable {
    private var slots = [(hash: UInt64, name: XMLName)](repeating: (0, .other), count: Self.size)
    private static let size = 512

    static let shared = XMLNameTable()

    private init() {
        for name in XMLName.allCases where name != .other {
            let bytes = Array(name.rawValue.utf8)
            let hash = bytes.withUnsafeBufferPointer { buffer in
                buffer.baseAddress.map { XMLNameTable.hash($0, buffer.count) } ?? 0
            }
            var place = Self.place(of: hash)
            while slots[place].name != .other { place = (place + 1) & (Self.size - 1) }
            slots[place] = (hash, name)
        }
    }

    @inline(__always)
    static func hash(_ start: UnsafePointer<UInt8>, _ count: Int) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for index in 0..<count { hash = (hash ^ UInt64(start[index])) &* 0x0000_0100_0000_01b3 }
        return hash
    }

    @inline(__always)
    func name(_ hash: UInt64) -> XMLName {
        var place = Self.place(of: hash)
        while slots[place].name != .other {
            if slots[place].hash == hash { return slots[place].name }
            place = (place + 1) & (Self.size - 1)
        }
        return .other
    }

    private static func place(of hash: UInt64) -> Int {
        Int(truncatingIfNeeded: (hash ^ (hash >> 32)) & UInt64(size - 1))
    }
}
