import Testing
import Wire

@Suite("Addresses and blocks of them")
struct AddressBlockTests {
    @Test(arguments: [
        ("203.0.113.7", "203.0.113.7", true), ("203.0.113.7", "203.0.113.8", false),
        ("203.0.113.0/24", "203.0.113.255", true), ("203.0.113.0/24", "203.0.114.0", false),
        ("203.0.113.9/24", "203.0.113.1", true), ("10.0.0.0/8", "::ffff:10.9.8.7", true),
        ("10.0.0.0/8", "11.0.0.0", false), ("0.0.0.0/0", "198.51.100.7", true), ("0.0.0.0/0", "2001:db8::1", false),
        ("2001:db8::/32", "2001:db8:ffff::1", true), ("2001:db8::/32", "2001:db9::1", false),
        ("2001:db8::/33", "2001:db8:8000::1", false), ("2001:db8::1", "2001:0db8:0::1", true),
        ("::/0", "2001:db8::1", true), ("192.0.2.1/31", "192.0.2.0", true), ("192.0.2.1/32", "192.0.2.0", false),
    ])
    func aBlockHoldsWhatBeginsLikeIt(block: String, address: String, isIn: Bool) throws {
        #expect(try #require(AddressBlock(block)).contains(#require(IPAddress(address))) == isIn)
    }

    @Test(arguments: [
        "", "/", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8/8", "10.0.0/8", "010.0.0.1/8x",
        "10.0.0.0/ 8", "10.0.0.0/0x8", "2001:db8::/129", "2001:db8::/1000", "shop.example", "10.0.0.1-10.0.0.9",
        "fe80::1%eth0", "10.0.0.0/٨",
    ])
    func whatIsNoBlockIsRefused(text: String) {
        #expect(AddressBlock(text) == nil)
    }

    @Test(arguments: [
        ("203.0.113.7", "203.0.113.0/24"), ("::ffff:203.0.113.7", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"), ("::1", "::/48"),
    ])
    func aNeighbourhoodSaysWhereFromAndNotWho(address: String, block: String) throws {
        #expect(try #require(IPAddress(address)).neighbourhood == block)
    }
}
