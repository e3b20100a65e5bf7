import Commerce
import Pipeline
import Repeats
import Wire

/// What is held of one person, over HTTP.
extension Console {
    static let customerRoutes: [Route] = [
        Route(
            "GET", "/api/customers/{key}/export", .those(.admit), "All that is held of a customer.",
            .data(.customerExport).refusing(.notFound, .conflict)
        ) {
            await $0.exportCustomer($1)
        },
        Route(
            "GET", "/api/customers/{key}/erasure", .those(.admit), "What erasing a customer would take away.",
            .data(.erasure).refusing(.notFound, .conflict)
        ) {
            await $0.customerErasure($1)
        },
        Route(
            "POST", "/api/customers/{key}/erase", .those(.admit), "Erases a customer.",
            .data(.erasure).taking(.nothing, isNeeded: false).once.refusing(.notFound, .conflict)
        ) {
            await $0.eraseCustomer($1)
        },
    ]

    private func exportCustomer(_ visit: Visit) async -> HTTPResponse {
        await forPerson(visit) { try await hub.persons.exportCustomer(visit.names[0], by: visit.actor) }
    }

    private func customerErasure(_ visit: Visit) async -> HTTPResponse {
        await forPerson(visit) { try await hub.persons.erasure(of: visit.names[0]).json }
    }

    /// Done twice, it does no more; so its answer is kept behind it, and not in its steps.
    private func eraseCustomer(_ visit: Visit) async -> HTTPResponse {
        await once(visit) { body, claim in
            // Whoever writes {"plan": true} does not mean that it be done.
            try Self.nothingIn(body)
            let response = await forPerson(visit) {
                try await hub.persons.eraseCustomer(visit.names[0], by: visit.actor).json
            }
            guard let claim else { return response }
            if response.status == 200 {
                try await hub.desk.keep(KeptAnswer(response), of: claim)
            } else {
                try await hub.desk.giveUp(claim)
            }
            return response
        }
    }

    private func forPerson(_ visit: Visit, _ work: () async throws -> JSON) async -> HTTPResponse {
        do {
            return visit.envelope.success(try await work())
        } catch let failure as PersonFailure {
            if case .unknown(let sentence) = failure { return visit.envelope.failure(.notFound, sentence) }
            return visit.envelope.failure(.conflict, failure.description)
        } catch {
            return visit.envelope.unavailable("the store cannot be used now; try again soon")
        }
    }
}
