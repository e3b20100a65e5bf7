/// The program's version, as it stands in the CHANGELOG and in the User-Agent.
enum Version {
    static let text = "0.1.0"
}
