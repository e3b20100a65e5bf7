import Commerce
import Foundation
import Testing
import Wire

@testable import Sandbox

@Suite struct AuthenticationTests {
    private func shop() -> ShopDriver {
        var options = SandboxOptions(siteURL: "http://shop.example")
        options.keys.append(SandboxKey(key: "ck_reader", secret: "cs_reader", access: .read))
        options.keys.append(SandboxKey(key: "ck_writer", secret: "cs_writer", access: .write))
        return ShopDriver(WooCommerceSandbox(options: options))
    }

    private func basic(_ key: String, _ secret: String) -> String {
        "Basic " + Foundation.Data("\(key):\(secret)".utf8).base64EncodedString()
    }

    private func request(
        _ method: String = "GET", scheme: String = "https", key: String = "ck_sandbox", secret: String = "cs_sandbox"
    ) throws -> HTTPRequest {
        var request = try ShopDriver.request(method, "\(scheme)://shop.example/wp-json/wc/v3/products", [:])
        request.headers["Authorization"] = basic(key, secret)
        return request
    }

    /// Signs as a client does, with names of parameters as they are sent.
    private func signed(
        _ items: [(String, String)], at moment: Moment, nonce: String = "n-1", method: String = "HMAC-SHA256",
        secret: String = "cs_sandbox", drop: String? = nil
    ) throws -> HTTPRequest {
        var all = items
        all += [
            ("oauth_consumer_key", "ck_sandbox"), ("oauth_nonce", nonce), ("oauth_signature_method", method),
            ("oauth_timestamp", String(moment.milliseconds / 1000)),
        ].filter { $0.0 != drop }
        let encoded = all.map { (Percent.encoded($0.0), Percent.encoded($0.1)) }.sorted { $0.0 < $1.0 }
        let query = encoded.map { $0.0 + "=" + $0.1 }.joined(separator: "&")
        let url = "http://shop.example/wp-json/wc/v3/products"
        let base = Array("GET&\(Percent.encoded(url))&\(Percent.encoded(query))".utf8)
        let key = Array((secret + "&").utf8)
        let code = method == "HMAC-SHA1" ? SHA1.hmac(base, key: key) : Signature.hmacSHA256(base, key: key)
        all.append(("oauth_signature", Signature.base64(code)))
        var request = try ShopDriver.request("GET", url)
        request.address.query = all.map { .init($0.0, $0.1) }
        return request
    }

    @Test func basicCountsOverTLSAlone() throws {
        var driver = shop()
        var proxied = try request(scheme: "http")
        proxied.headers["X-Forwarded-Proto"] = "https"

        #expect(try driver.send(request()).status == 200)
        #expect(try driver.send(proxied).status == 200)
        let plain = try driver.send(request(scheme: "http"))
        #expect(plain.status == 401)
        #expect(plain.code == "woocommerce_rest_cannot_view")
        #expect(
            driver.shop.respond(to: try request(scheme: "http"), at: driver.now, isTLS: true).response?.status == 200)
    }

    @Test func aWrongSecretIsAnErrorAndAnUnknownKeyIsAStranger() throws {
        var driver = shop()

        #expect(try driver.send(request(secret: "x")).code == "woocommerce_rest_authentication_error")
        #expect(try driver.send(request(key: "ck_x")).code == "woocommerce_rest_cannot_view")
        #expect(try driver.send(request("POST", key: "ck_x")).code == "woocommerce_rest_cannot_create")
    }

    @Test func aKeyDoesOnlyWhatItIsFor() throws {
        var driver = shop()

        let reading = try driver.send(request("POST", key: "ck_reader", secret: "cs_reader"))
        let writing = try driver.send(request(key: "ck_writer", secret: "cs_writer"))

        #expect(reading.status == 401)
        #expect(reading["message"] == "The API key provided does not have write permissions.")
        #expect(writing["message"] == "The API key provided does not have read permissions.")
        #expect(try driver.send(request(key: "ck_reader", secret: "cs_reader")).status == 200)
        #expect(try driver.send(request("POST", key: "ck_writer", secret: "cs_writer")).status == 201)
    }

    @Test(arguments: ["HMAC-SHA256", "HMAC-SHA1"])
    func aSignedRequestIsTakenOverPlainHTTP(method: String) throws {
        var driver = shop()

        let answer = try driver.send(signed([("search", "tea & spice (50%)+ශ්‍රී")], at: driver.now, method: method))

        #expect(answer.status == 200)
    }

    @Test func aNonceCountsOnce() throws {
        var driver = shop()
        let request = try signed([], at: driver.now)

        #expect(try driver.send(request).status == 200)
        #expect(try driver.send(request)["message"] == "Invalid nonce - nonce has already been used.")
        #expect(try driver.send(signed([], at: driver.now, nonce: "n-2")).status == 200)
    }

    @Test func aTimestampMayBeAQuarterOfAnHourOff() throws {
        var driver = shop()

        #expect(try driver.send(signed([], at: driver.now.adding(seconds: -900))).status == 200)
        let late = try driver.send(signed([], at: driver.now.adding(seconds: -901), nonce: "n-2"))
        #expect(late.status == 401)
        #expect(late["message"] == "Invalid timestamp.")
        #expect(try driver.send(signed([], at: driver.now.adding(seconds: 901), nonce: "n-3")).status == 401)
    }

    @Test func aShopWhoseClockIsWrongRefusesASoundSignature() throws {
        var driver = shop()
        driver.shop.faults = FaultPlan(clockSkewSeconds: 3600)

        #expect(try driver.send(signed([], at: driver.now))["message"] == "Invalid timestamp.")
        #expect(try driver.send(signed([], at: driver.now.adding(seconds: 3600))).status == 200)
    }

    @Test func anArrayWithEmptyBracketsBreaksTheSignature() throws {
        var driver = shop()

        #expect(try driver.send(signed([("include[]", "1")], at: driver.now)).status == 401)
        #expect(try driver.send(signed([("include[0]", "1")], at: driver.now, nonce: "n-2")).status == 200)
        #expect(try driver.send(signed([("include", "1,2")], at: driver.now, nonce: "n-3")).status == 200)
    }

    @Test func aSignatureIsCheckedAgainstTheShopsOwnAddress() throws {
        var driver = shop()
        var request = try signed([], at: driver.now)
        request.address.host = "proxy.example"
        let other = try signed([], at: driver.now, nonce: "n-2", secret: "wrong")

        #expect(try driver.send(request).status == 200)
        #expect(try driver.send(other)["message"] == "Invalid signature - provided signature does not match.")
    }

    @Test func aMissingParameterIsNamed() throws {
        var driver = shop()

        let answer = try driver.send(signed([], at: driver.now, drop: "oauth_nonce"))

        #expect(answer.code == "woocommerce_rest_authentication_missing_parameter")
        #expect(answer["message"] == "Missing OAuth parameter oauth_nonce")
    }

    @Test func theOlderDigestIsTheStandardOne() {
        // FIPS 180-4 and RFC 2202, test case 2.
        #expect(Signature.hex(SHA1.digest(Array("abc".utf8))) == "a9993e364706816aba3e25717850c26c9cd0d89d")
        let code = SHA1.hmac(Array("what do ya want for nothing?".utf8), key: Array("Jefe".utf8))
        #expect(Signature.hex(code) == "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79")
    }
}
