"""The enumerations of `lock_harness.programs.all_programs`, one for each mode."""
