//! Listings and switch points.

use super::program;
use crate::asm::listing;
use crate::program::{Models, SwitchModel};

const TEXT: &str = "shared x = 0
thread t[2]
top:
    LOAD x
    JZ  top
    atomic
        PUSH 1
        CALL f
        atomic
            YIELD
        end
        STORE x
    end
out: again:
    YIELD
    HALT
    NOP
end
proc f
    NOP
end
proc g
    CALL f
end
";

fn listed(switch: SwitchModel) -> String {
    listing(&program(TEXT), Models { switch, ..Models::default() })
}

/// The addresses that a listing marks.
fn marked(text: &str, switch: SwitchModel) -> Vec<u32> {
    let listed = listing(&program(text), Models { switch, ..Models::default() });
    let marked = listed.lines().skip(1).filter(|line| line.ends_with('*'));
    marked
        .map(|line| line.split_whitespace().next().and_then(|word| word.parse().ok()).expect("address"))
        .collect()
}

#[test]
fn a_listing_shows_addresses_lines_heights_blocks_and_switch_points() {
    assert_eq!(
        listed(SwitchModel::Every),
        "switch every: * marks where another thread may go on

thread t[2]
 addr   line  stack
                     top:
    0      4      0      LOAD x                  *
    1      5      1      JZ top                  *
    2      7      0  │   PUSH 1
    3      8      1  │   CALL f
    4     10      1  ││  YIELD
    5     12      1  │   STORE x                 *
                     out:
                     again:
    6     15      0      YIELD                   *
    7     16      0      HALT                    *
    8     17      -      NOP                     *
    9     18      -      end

proc f
 addr   line  stack
   10     20      0    NOP                       *
   11     21      0    end

proc g
 addr   line  stack
   12     23      0    CALL f                    *
   13     24      0    end
"
    );
}

#[test]
fn the_models_differ_in_their_switch_points() {
    assert_eq!(marked(TEXT, SwitchModel::Gil), [1, 6, 12]);
    assert_eq!(marked(TEXT, SwitchModel::Await), [6]);
}

#[test]
fn a_proc_called_inside_blocks_alone_switches_only_where_its_return_leaves_the_block() {
    let inside = "thread t\natomic\nCALL f\nNOP\nend\nend\nproc f\nNOP\nYIELD\nend\n";
    assert_eq!(marked(inside, SwitchModel::Every), [1]);
    let last = "thread t\natomic\nCALL f\nend\nNOP\nend\nproc f\nNOP\nYIELD\nend\n";
    assert_eq!(marked(last, SwitchModel::Every), [1, 4]);
    assert_eq!(marked(last, SwitchModel::Await), [4]);
    let deep = "thread t\natomic\nCALL f\nend\nNOP\nend\nproc f\nNOP\nCALL g\nend\nproc g\nNOP\nNOP\nend\n";
    assert_eq!(marked(deep, SwitchModel::Every), [1, 7]);
}
