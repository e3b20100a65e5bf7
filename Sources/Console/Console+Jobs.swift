import Commerce
import Pipeline
import Queue
import Wire

/// Jobs over HTTP: what waits or runs, what was given up, and why one waits. Whoever may see the pages may ask.
extension Console {
    /// How many jobs one answer lists: unless said, and at most.
    private static let jobLimit = (usual: 50, most: 500)

    static let jobRoutes: [Route] = [
        Route(
            "GET", "/api/jobs", .those(.see), "The open tasks, or those in one state.",
            .list(.job).leading(to: "/api/jobs/{id}", by: "/data/0/id").asking(
                Contract.Parameter(
                    "state", .word(of: JobState.self), "Those in this state; the open ones unless said."),
                .limit(jobLimit))
        ) { await $0.jobs($1) },
        Route(
            "GET", "/api/jobs/{id}", .those(.see), "One task, and why it waits.", .data(.waitingJob).refusing(.notFound)
        ) { await $0.job($1) },
        Route(
            "GET", "/api/batches", .those(.see), "Work that is counted together, the latest first.",
            .list(.batch).leading(to: "/api/batches/{id}", by: "/data/0/id").asking(.limit(jobLimit))
        ) { await $0.batches($1) },
        Route(
            "GET", "/api/batches/{id}", .those(.see), "How far one batch has come.",
            .data(.batch).refusing(.notFound)
        ) { await $0.batch($1) },
        Route("GET", "/api/guard", .those(.see), "What the guard holds until a person decides.", .list(.held)) {
            await $0.guarded($1)
        },
    ]

    /// `GET /api/jobs?state=&limit=`: the open jobs, or those in one state.
    func jobs(_ visit: Visit) async -> HTTPResponse {
        let envelope = visit.envelope
        return await looked(envelope) {
            var (states, limit) = ([JobState.available, .scheduled, .running, .retryable, .held], Self.jobLimit.usual)
            for item in visit.request.address.query {
                switch item.name {
                case "state":
                    guard let state = JobState(rawValue: item.value) else {
                        let known = JobState.allCases.map(\.rawValue).joined(separator: ", ")
                        throw QueryWord.refusal("\"\(item.value)\" is no state; there are: \(known)")
                    }
                    states = [state]
                case "limit": limit = try QueryWord.number("limit", item.value, atMost: Self.jobLimit.most)
                default: throw QueryWord.unknown(item.name, known: "state, limit")
                }
            }
            return envelope.success(
                .array(try await hub.jobs(in: states, limit: limit).map { $0.told(to: visit.sight).json }))
        }
    }

    /// `GET /api/jobs/{id}`: one job, and why it waits.
    func job(_ visit: Visit) async -> HTTPResponse {
        let (id, envelope) = (visit.names[0], visit.envelope)
        return await looked(envelope) {
            guard let number = Int64(id), let report = try await hub.job(number) else {
                return envelope.failure(.notFound, "there is no job \"\(id.prefix(40))\"")
            }
            var job = report.told(to: visit.sight).json.object ?? [:]
            job["why"] = .text(try await hub.why(job: number, to: visit.sight))
            return envelope.success(.object(job))
        }
    }

    /// `GET /api/batches?limit=`: what was asked for together, the latest first.
    func batches(_ visit: Visit) async -> HTTPResponse {
        await looked(visit.envelope) {
            var limit = Self.jobLimit.usual
            for item in visit.request.address.query {
                guard item.name == "limit" else { throw QueryWord.unknown(item.name, known: "limit") }
                limit = try QueryWord.number("limit", item.value, atMost: Self.jobLimit.most)
            }
            return visit.envelope.success(.array(try await hub.batches(limit: limit).map(\.json)))
        }
    }

    /// `GET /api/batches/{id}`: how far the work has come that a sync was answered with.
    func batch(_ visit: Visit) async -> HTTPResponse {
        let (id, envelope) = (visit.names[0], visit.envelope)
        return await looked(envelope) {
            guard let number = Int64(id), let batch = try await hub.batch(number) else {
                return envelope.failure(.notFound, "there is no batch \"\(id.prefix(40))\"")
            }
            return envelope.success(batch.json)
        }
    }

    /// `GET /api/guard`: what the guard holds, each with some examples.
    func guarded(_ visit: Visit) async -> HTTPResponse {
        await looked(visit.envelope) {
            visit.envelope.success(.array(try await hub.guardReports().map { $0.told(to: visit.sight).json }))
        }
    }

    /// An answer out of the store; that it cannot be read now is an answer, too.
    func looked(_ envelope: Envelope, _ answer: () async throws -> HTTPResponse) async -> HTTPResponse {
        do {
            return try await answer()
        } catch let refusal as BodyRefusal {
            return envelope.failure(refusal.code, refusal.sentence)
        } catch {
            return envelope.unavailable("the store cannot be read now; try again soon")
        }
    }
}
