import Commerce
import ConnectorKit
import Pipeline
import Repeats
import Wire

/// Whether all that the hub remembers fits together, over HTTP. A large store takes minutes: it is asked for, done by
/// the hub's workers, and looked at afterwards.
extension Console {
    /// `GET /api/verify`: `state` is `none`, `running` or `done`; `report` is that of the last that came to its end.
    func lastVerification(_ visit: Visit) async -> HTTPResponse {
        await looked(visit.envelope) {
            let (report, isUnderWay) = try await hub.watch.lastVerification()
            let state = isUnderWay ? "running" : (report == nil ? "none" : "done")
            return visit.envelope.success(["state": .string(state), "report": report ?? .null])
        }
    }

    /// `POST /api/verify` with `{samples}`: how many records of each integration are compared with the real side.
    func verify(_ visit: Visit) async -> HTTPResponse {
        await once(visit) { body, claim in
            let members = body.object ?? [:]
            if let name = members.keys.sorted().first(where: { $0 != "samples" }) {
                throw IntegrationRefusal.fields([SettingProblem(name, "means nothing here; there is: samples")])
            }
            var terms = VerifyTerms()
            if let said = members["samples"] {
                guard let number = said.integer, (0...VerifyTerms.samplesLimit).contains(number) else {
                    let sentence = "must be a whole number from 0 to \(VerifyTerms.samplesLimit)"
                    throw IntegrationRefusal.fields([SettingProblem("samples", sentence)])
                }
                terms.samples = number
            }
            let task = try await hub.watch.verifyLater(terms, by: visit.actor)
            let response = visit.envelope.success(["state": "running", "task": .integer(task)], status: 202)
            if let claim { try await hub.desk.keep(KeptAnswer(response), of: claim) }
            return response
        }
    }
}
