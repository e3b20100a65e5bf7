/// How often an integration is read, as seed 002 says it: a setting that every card has beside its own (C-13).
public enum ReadingInterval {
    static let name = "syncInterval"
    /// From a minute to a year, in milliseconds.
    private static let bounds = 60_000...31_536_000_000
    /// What a far side is read by when nobody says how often, in seconds.
    private static let usualSeconds = 900

    static let shape = SettingShape(
        name, .integer(bounds), aliases: ["sync_interval"],
        "How often it is read, in milliseconds, whole seconds; a connector's own setting says the same in its unit. "
            + "900000 unless one of them is given.")

    /// What a connector's settings say of how the hub works with it, with the interval that every card has.
    public static func habits(_ type: any ConnectorType.Type, _ settings: Settings) -> Habits {
        var habits = type.habits(settings)
        guard let milliseconds = settings.integer(name) else { return habits }
        (habits.intervalSeconds, habits.cronLine) = (milliseconds / 1000, nil)
        return habits
    }

    /// Refuses an interval that is no whole seconds, and one beside a setting of the connector's own that says
    /// something else.
    ///
    /// - Throws: `SettingsError`.
    public static func check(_ type: any ConnectorType.Type, _ settings: Settings) throws(SettingsError) {
        guard let milliseconds = settings.integer(name) else { return }
        var sentence: String?
        if milliseconds % 1000 != 0 { sentence = "\"\(name)\" is \(milliseconds) ms; it must be whole seconds" }
        let own = type.habits(settings)
        // The usual interval may stand there because nobody gave another.
        let says = own.cronLine ?? own.intervalSeconds.flatMap { $0 == usualSeconds ? nil : "every \($0) s" }
        if let says, own.intervalSeconds != milliseconds / 1000 {
            sentence = "\"\(name)\" is \(milliseconds) ms, and another setting says \(says); give one of them"
        }
        if let sentence { throw SettingsError(byField: [SettingProblem(name, sentence)]) }
    }
}
