/* A bounded buffer with a lock and two conditions: two producers and two consumers of ten items each. */

#define SIZE 2
#define ITEMS 10

byte held = 0;
bool m = false;
/* Who waits to be notified. */
bool for_room[2];
bool for_value[2];

inline lock() { atomic { !m -> m = true } }

/* WAIT is two steps: give the lock up and wait, then take it back. */
inline wait(waits) {
    d_step { waits = true; m = false };
    d_step { (!waits && !m) -> m = true }
}

/* NOTIFY wakes any one waiter, or nobody where none waits. */
inline notify(one, other) {
    if
    :: d_step { one -> one = false }
    :: d_step { other -> other = false }
    :: (!one && !other)
    fi
}

active [2] proctype producer() {
    byte i = 0;
next:
    lock();
check:
    if
    :: (held < SIZE) -> goto room
    :: (held >= SIZE)
    fi;
    wait(for_room[_pid]);
    skip;
    goto check;
room:
    held = held + 1;
    notify(for_value[0], for_value[1]);
    m = false;
    if
    :: d_step { (i < ITEMS - 1) -> i = i + 1 }; goto next
    :: d_step { (i == ITEMS - 1) -> i = i + 1 }
    fi;
end:
    false
}

active [2] proctype consumer() {
    byte i = 0;
next:
    lock();
check:
    if
    :: (held > 0) -> goto value
    :: (held == 0)
    fi;
    wait(for_value[_pid - 2]);
    skip;
    goto check;
value:
    held = held - 1;
    notify(for_room[0], for_room[1]);
    m = false;
    if
    :: d_step { (i < ITEMS - 1) -> i = i + 1 }; goto next
    :: d_step { (i == ITEMS - 1) -> i = i + 1 }
    fi;
end:
    false
}
