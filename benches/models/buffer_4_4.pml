/* A bounded buffer with a lock and two conditions: two producers and two consumers of four items each. Each
   statement is one instruction, and WAIT two. The operand stack is `top`, and 0 where it is empty; what the place and
   the locals say of it is not stored. */

#define SIZE 2
#define ITEMS 4

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

/* The seven instructions before the jump to the next item. */
inline count() {
    skip;
    skip;
    skip;
    skip;
    i = i + 1;
    skip;
    skip
}

active [2] proctype producer() {
    byte i = 0;
    byte top = 0;
next:
    lock();
check:
    top = held;
    skip;
    top = (top < SIZE);
    if
    :: d_step { (top != 0) -> top = 0 }; goto room
    :: (top == 0)
    fi;
    wait(for_room[_pid]);
    skip;
    goto check;
room:
    top = held;
    skip;
    top = top + 1;
    d_step { held = top; top = 0 };
    notify(for_value[0], for_value[1]);
    m = false;
    count();
    if
    :: (i < ITEMS) -> goto next
    :: (i == ITEMS)
    fi;
end:
    false
}

active [2] proctype consumer() {
    byte i = 0;
    byte top = 0;
next:
    lock();
check:
    top = held;
    if
    :: d_step { (top != 0) -> top = 0 }; goto value
    :: (top == 0)
    fi;
    wait(for_value[_pid - 2]);
    skip;
    goto check;
value:
    top = held;
    skip;
    top = top - 1;
    d_step { held = top; top = 0 };
    notify(for_room[0], for_room[1]);
    m = false;
    count();
    if
    :: (i < ITEMS) -> goto next
    :: (i == ITEMS)
    fi;
end:
    false
}
