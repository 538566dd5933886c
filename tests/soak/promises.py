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
    "A damaged raw file is named with what to do, and becomes no zero": (
        "tests/soak/test_damage.py::test_a_raw_file_that_is_not_whole"
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
}
