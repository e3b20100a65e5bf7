/// What each series is, in one sentence, for who meets its name in a collector. A test compares the names with what a
/// hub serves.
enum SeriesHelp {
    /// The lines before the values of a name: what it is, where that is known, and its sort.
    static func lines(_ name: String, type: String) -> [String] {
        (words[name].map { ["# HELP \(name) \($0)"] } ?? []) + ["# TYPE \(name) \(type)"]
    }

    static let words: [String: String] = [
        "crossdock_alert_open": "1 while an alert of that kind is open.",
        "crossdock_breaker_state": "0 called, 1 tried, 2 not called; of sorts of call that failed last.",
        "crossdock_breakers_open": "Sorts of call to an integration that rest.",
        "crossdock_build_info": "1, with the version of the program.",
        "crossdock_call_seconds": "How long calls to far sides took.",
        "crossdock_calls_total": "Calls to far sides, by what came of them.",
        "crossdock_conflicts_open": "Conflicts that wait for a person.",
        "crossdock_drift_ratio": "Records with an open task for an integration, by how many are linked there.",
        "crossdock_guard_holds_open": "Changes of many at once that wait for a person.",
        "crossdock_http_request_seconds": "How long the hub took to answer, by door.",
        "crossdock_http_requests_total": "What the hub answered, by door and sort of status.",
        "crossdock_integration_up": "1 while an integration is active.",
        "crossdock_job_errors_total": "Runs of tasks that failed, by the class of the error.",
        "crossdock_job_run_seconds": "How long work took, from the claim to the end.",
        "crossdock_job_wait_seconds": "How long a task was due before a worker took it.",
        "crossdock_jobs_enqueued_total": "Tasks that were asked for.",
        "crossdock_jobs_total": "Runs of tasks, by how they ended.",
        "crossdock_last_success_timestamp_seconds": "When a kind of an integration was last read to the end.",
        "crossdock_oversold_units_total": "Pieces by which stock went beneath nothing.",
        "crossdock_process_cpu_seconds_total": "Time on a processor since the start.",
        "crossdock_process_memory_limit_bytes": "Memory that the process may have at most.",
        "crossdock_process_memory_ratio": "The part of the memory it may have that the process has.",
        "crossdock_process_open_files": "Open files and connections of the process.",
        "crossdock_process_resident_memory_bytes": "Memory that the process has.",
        "crossdock_queue_jobs": "Tasks, by queue and state.",
        "crossdock_queue_oldest_age_seconds": "How long the oldest task has been due that nothing holds back.",
        "crossdock_rate_limit_remaining_ratio": "What is left of a limit of calls, from 0 to 1.",
        "crossdock_records_held": "Records that are held for a person.",
        "crossdock_rejections_open": "Records that could not be used.",
        "crossdock_security_events_total": "What strangers tried, and what somebody was denied, by kind.",
        "crossdock_series_refused_total": "Series that were asked for beyond the limit.",
        "crossdock_start_timestamp_seconds": "When the process began to answer.",
        "crossdock_store_connections": "Connections of the process to the store's server.",
        "crossdock_store_slow_steps_total": "Steps of the store that took half a second or longer.",
        "crossdock_store_step_seconds": "How long steps of the store took.",
        "crossdock_store_up": "1 while the store answers.",
        "crossdock_sync_lag_seconds": "How long ago a kind of an integration was last read to the end.",
        "crossdock_sync_records_total": "What readings came to, record by record.",
        "crossdock_sync_runs_total": "Readings of one kind, by how they ended.",
        "crossdock_sync_seconds": "How long readings took.",
        "crossdock_webhook_delay_seconds": "How long a stored call waited until it was understood.",
        "crossdock_webhook_deliveries_total": "Calls of vendors, by what became of them.",
    ]
}
