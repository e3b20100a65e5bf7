import Alerts
import Commerce
import Pipeline
import Telemetry

extension Shape {
    static let alert = object(
        [
            "kind": word(of: AlertKind.self), "state": word(of: AlertState.self), "message": text,
            "severity": word(["critical", "warning"]), "value": number.orNull, "count": count,
            "threshold": number.orNull, "since": time, "lastSeenAt": time,
        ],
        optional: [
            "raisedAt": time, "resolvedAt": time, "acknowledgedAt": time, "acknowledgedBy": text, "escalatedAt": time,
        ]
    ).named("Alert")

    private static let level = word(of: Logger.Level.self)

    static let logLevel = object(["level": level, "usual": level, "until": time.orNull]).named("LogLevel")

    static let wantedLogLevel = object(
        ["level": level.orNull], optional: ["minutes": integer(1...Hub.longestLogWishMinutes)], isClosed: true
    ).like(["level": "debug", "minutes": 10])

    private static let verifyError = object(
        ["error": text], optional: ["record": integer, "kind": text, "command": text])

    private static let verifyResult = object([
        "passed": flag, "checked": count, "purpose": text, "errorCount": count, "errors": list(verifyError),
        "remarks": list(text),
    ])

    static let verification = object([
        "state": word(["running", "none", "done"]),
        "report": object(["passed": flag, "startedAt": time, "endedAt": time, "tests": map(verifyResult)])
            .named("Verification").orNull,
    ])

    static let verifyWish = object([:], optional: ["samples": integer(0...VerifyTerms.samplesLimit)], isClosed: true)

    static let verifyTask = object(["state": word(["running"]), "task": integer])
}
