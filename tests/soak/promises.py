"""What the pipeline promises about trouble, each with the test that holds it."""

from __future__ import annotations

PROMISES: dict[str, str] = {
    "A venue that is down, slow or talking nonsense is no zero and stops no other venue": (
        "tests/e2e/test_faults.py::test_the_venue_left_standing_is_whole_and_unchanged"
    ),
    "After a kill -9 in any phase the next run ends in the marts of an undisturbed one": (
        "tests/soak/test_kills.py::test_killed_and_run_again"
    ),
    "The commands themselves survive kills while fetching, building and publishing": (
        "tests/e2e/test_recovery.py::test_killed_three_times_and_run_again"
    ),
    "Two runs never write to one home: the second refuses in a sentence": (
        "tests/e2e/test_bad_input.py::test_a_home_where_another_run_works"
    ),
    "The same raw files give the same marts, built at once or day by day": (
        "tests/e2e/test_recovery.py::test_everything_after_raw_can_be_built_anew"
    ),
    "Merging raw files loses and repeats no row, wherever it is killed": (
        "tests/soak/test_compact.py::test_killed_at_every_file_operation"
    ),
    "Merging raw files leaves every mart as it was": (
        "tests/soak/test_compact.py::test_files_become_few_and_marts_stay"
    ),
    "A reader sees one publication whole, never parts of two": (
        "tests/soak/test_readers.py::test_readers_see_one_publication_at_a_time"
    ),
    "A query changes nothing and reads no other file": (
        "tests/e2e/test_query.py::test_a_query_writes_nothing_and_reads_no_other_file"
    ),
    "A damaged raw file is named with what to do": (
        "tests/soak/test_damage.py::test_a_raw_file_that_is_not_whole"
    ),
    "A raw file that was moved away is missing, and becomes no zero": (
        "tests/soak/test_damage.py::test_what_is_moved_away_is_missing_and_not_zero"
    ),
    "A damaged warehouse is built anew from raw": (
        "tests/soak/test_damage.py::test_a_warehouse_that_is_none_is_built_anew_from_raw"
    ),
    "A full disk leaves what was published, and the next run goes on": (
        "tests/soak/test_damage.py::test_a_full_disk_leaves_what_was_published"
    ),
    "A home that cannot be written is refused in a sentence": (
        "tests/e2e/test_bad_input.py::test_a_home_that_cannot_be_written"
    ),
    "Day after day, memory, handles and threads stay flat": (
        "tests/soak/test_days.py::test_every_day_costs_the_same"
    ),
    "Changed answers of a venue raise declared errors only": (
        "tests/venues/test_fuzz.py::test_changed_answers"
    ),
    "Every fault of a venue is logged, excluded or flagged, and leaves the other venues equal": (
        "tests/e2e/test_faults.py::test_one_fault"
    ),
    "A venue that failed is named in the report": (
        "tests/e2e/test_faults.py::test_the_report_names_each_venue_that_failed"
    ),
    "A venue that shows less than half of what it did is a gap": (
        "tests/e2e/test_gaps.py::test_a_venue_that_shows_less_than_half_of_what_it_did"
    ),
    "A check that compared nothing is not called kept": (
        "tests/e2e/test_identities.py::test_an_identity_that_compared_nothing_is_not_called_kept"
    ),
    "A number that cannot be stops nobody's tables and is in no total": (
        "tests/e2e/test_absurd.py::test_absurd_numbers_of_one_venue_stop_nobody"
    ),
    "A history that repeats a page, or turns its pages over, is told or whole": (
        "tests/e2e/test_paging.py::test_a_page_that_comes_again_ends_the_walk_and_is_told"
    ),
    "A table that breaks its contract keeps yesterday's rows, and nothing is published": (
        "tests/models/test_contracts.py::test_a_failed_check_keeps_yesterdays_table"
    ),
    "The same raw files give the same marts twice": (
        "tests/e2e/test_recovery.py::test_a_report_that_fails_does_not_hide_that_the_tables_were_published"
    ),
    "Days that come late end in the same marts": (
        "tests/e2e/test_recovery.py::test_days_that_come_late_end_the_same"
    ),
    "Sums of money do not depend on the order of rows": ("tests/models/test_macros.py::test_a_macro"),
    "The same tables give the same report": (
        "tests/report/test_document.py::test_same_data_and_instant_give_the_same_bytes"
    ),
    "The same home gives the same exports": (
        "tests/e2e/test_export.py::test_the_same_home_gives_the_same_bytes_at_another_time"
    ),
    "Every mart tells the version of its formulas": (
        "tests/architecture/test_sql_layers.py::test_every_mart_tells_the_version_of_its_formulas"
    ),
    "What changes a day that was published is a restatement": (
        "tests/e2e/test_schedules.py::test_late_data_is_built_once_and_restated_and_old_data_turns_red"
    ),
    "A machine that was off makes up for the missed days, and asks nothing twice": (
        "tests/e2e/test_schedules.py::test_a_machine_that_was_off_makes_up_and_asks_nothing_twice"
    ),
    "Runs of one home wait for each other": (
        "tests/e2e/test_daemon.py::test_two_runs_submitted_at_once_work_one_after_the_other"
    ),
    "A run that hangs is ended": (
        "tests/e2e/test_daemon.py::test_a_run_that_hangs_is_ended_with_the_limit_named"
    ),
    "Hourly snapshots change no mart": (
        "tests/soak/test_snapshots.py::test_snapshots_leave_the_marts_as_they_are"
    ),
    "Cron's command and Dagster's daemon make the same marts": (
        "tests/e2e/test_unattended.py::test_cron_and_the_daemon_make_the_same_marts"
    ),
    "A key that a venue repeats is in no artefact": (
        "tests/e2e/test_secrets.py::test_no_artefact_holds_any_of_them"
    ),
    "No part of a key is told where a text is cut": (
        "tests/e2e/test_secrets.py::test_no_part_of_a_key_that_was_cut_is_anywhere"
    ),
    "No key is sent while a redirect is set": (
        "tests/e2e/test_unattended.py::test_no_key_is_sent_or_written_while_a_redirect_is_set"
    ),
    "A file of keys that others may read is refused": (
        "tests/e2e/test_secrets.py::test_a_file_of_keys_that_others_may_read_is_refused"
    ),
    "Every server listens to this machine alone": (
        "tests/architecture/test_safe_source.py::test_what_listens_listens_to_this_machine_alone"
    ),
    "No text becomes code, and no shell is started": (
        "tests/architecture/test_safe_source.py::test_no_text_becomes_code_and_no_shell_is_started"
    ),
    "A hostile name of a venue is text in reports and pages of quality": (
        "tests/e2e/test_hostile_names.py::test_no_name_becomes_markup_in_reports_or_pages_of_quality"
    ),
    "A hostile currency is itself, or refused and told": (
        "tests/e2e/test_hostile_names.py::test_every_currency_is_itself"
    ),
    "A hostile name is no path": ("tests/e2e/test_hostile_names.py::test_no_name_becomes_a_path"),
    "A hostile name is no formula in CSV and XLSX": (
        "tests/e2e/test_hostile_names.py::test_a_spreadsheet_runs_none_of_them"
    ),
    "A hostile name sends a terminal no command": (
        "tests/e2e/test_hostile_names.py::test_a_terminal_is_sent_no_command"
    ),
    "The README says what was never checked live": (
        "tests/architecture/test_readme.py::test_the_table_says_what_was_never_checked_live"
    ),
}
