//! Stack heights and what they lead to.

use super::program;

#[test]
fn heights_are_those_before_each_instruction() {
    let program = program(
        "shared a[2]
thread t
    PUSH 5
    PUSH 1
    STORE a[]
    JMP over
    POP
over:
    CALL take_and_give
    JZ out
    HALT
out:
end
proc take_and_give
    PUSH 1
    CALL drop_two
    PUSH 3
    RET
    NOP
end
proc drop_two
    POP
end
",
    );
    let heights: Vec<Option<i32>> = program.places.iter().map(|place| place.height).collect();
    let proc = &program.procs[0];
    assert_eq!(proc.effect, Some(1));
    let of_proc = &heights[proc.body.entry.index()..=proc.body.end.index()];
    assert_eq!(of_proc, [Some(0), Some(1), Some(0), Some(1), None, None]);
    let of_thread = [Some(0), Some(1), Some(2), Some(0), None, Some(0), Some(1), Some(0), Some(0)];
    assert_eq!(heights[..9], of_thread);
    assert_eq!((program.max_stack, program.max_calls), (2, 2));
}

#[test]
fn a_proc_takes_what_its_caller_left() {
    let program = program(
        "proc sum
    ADD
    ADD
end
thread t
    PUSH 1
    PUSH 2
    PUSH 3
    CALL sum
    PRINT
end
",
    );
    assert_eq!(program.procs[0].effect, Some(-2));
    let heights: Vec<Option<i32>> = program.places[..3].iter().map(|place| place.height).collect();
    assert_eq!(heights, [Some(0), Some(-1), Some(-2)]);
    assert_eq!((program.max_stack, program.max_calls), (3, 1));
}

#[test]
fn what_is_left_at_the_end_of_a_thread_does_not_matter() {
    let program = program("thread t\n    PUSH 1\n    DUP\n    JNZ out\n    PUSH 2\nout:\nend\n");
    assert_eq!(program.max_stack, 2);
}

#[test]
fn a_proc_that_never_returns_has_no_effect_and_nothing_behind_its_call() {
    let program = program(
        "thread t
    CALL stop
    POP
end
proc stop
    HALT
end
proc spin
again:
    JMP again
end
",
    );
    assert_eq!(program.procs[0].effect, None);
    assert_eq!(program.procs[1].effect, None);
    assert_eq!(program.places[1].height, None);
}
