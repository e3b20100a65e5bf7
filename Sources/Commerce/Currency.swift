/// A currency of ISO 4217, with the number of its decimals.
public struct Currency: Hashable, Sendable, CustomStringConvertible {
    /// The three-letter code, in capitals.
    public let code: String
    /// How many decimals the smallest unit has: 0 (JPY), 2 (EUR), 3 (KWD) or 4 (CLF).
    public let exponent: Int

    /// The currency of that code.
    ///
    /// - Throws: `AmountError.unknownCurrency` with the text quoted.
    public init(_ code: String) throws(AmountError) {
        guard let exponent = Self.exponents[code] else { throw .unknownCurrency(code) }
        self.code = code
        self.exponent = exponent
    }

    private init(known code: String, exponent: Int) {
        self.code = code
        self.exponent = exponent
    }

    /// The euro.
    public static let eur = Currency(known: "EUR", exponent: 2)
    /// The Sri Lankan rupee.
    public static let lkr = Currency(known: "LKR", exponent: 2)
    /// The United States dollar.
    public static let usd = Currency(known: "USD", exponent: 2)
    /// The yen.
    public static let jpy = Currency(known: "JPY", exponent: 0)
    /// The Kuwaiti dinar.
    public static let kwd = Currency(known: "KWD", exponent: 3)

    /// The code.
    public var description: String { code }

    /// Source: ISO 4217 list one (active codes), amendment 177; funds codes and precious metals left out.
    static let exponents: [String: Int] = {
        var table: [String: Int] = [:]
        for code in zero.split(separator: " ") { table[String(code)] = 0 }
        for code in two.split(separator: " ") { table[String(code)] = 2 }
        for code in three.split(separator: " ") { table[String(code)] = 3 }
        for code in four.split(separator: " ") { table[String(code)] = 4 }
        return table
    }()

    private static let zero = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
    private static let three = "BHD IQD JOD KWD LYD OMR TND"
    private static let four = "CLF UYW"
    private static let two = """
        AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE \
        CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL \
        HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR \
        MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK \
        SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD \
        XCG YER ZAR ZMW ZWG
        """
}

extension Currency: Codable {
    /// Reads the code.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        do {
            try self.init(container.decode(String.self))
        } catch let error as AmountError {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: error.description)
        }
    }

    /// Writes the code.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(code)
    }
}
