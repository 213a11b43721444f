/* The queue lock of Mellor-Crummey and Scott for three threads, six rounds each. Each statement is one step. Nodes
   are numbered from 1; 0 is none. */

#define N 3
#define ROUNDS 6
#define SELF (_pid + 1)

byte tail = 0;
byte next[N + 1];
bool waits[N + 1];
byte x = 0;

active [N] proctype p() {
    byte round = 0;
    byte node = 0;
    byte top = 0;
again:
    next[SELF] = 0;
    if
    :: d_step { (tail == 0) -> node = 0; tail = SELF }; goto enter
    :: d_step { (tail != 0) -> node = tail; tail = SELF }
    fi;
    waits[SELF] = true;
    next[node] = SELF;
wait:
    top = waits[SELF];
    if
    :: d_step { (top != 0) -> top = 0 }; goto wait
    :: (top == 0)
    fi;
enter:
    top = x;
    skip;
    top = top + 1;
    d_step { x = top; top = 0 };
    if
    :: d_step { (next[SELF] != 0) -> node = next[SELF] }; goto pass_on
    :: d_step { (next[SELF] == 0) -> node = 0 }
    fi;
    if
    :: d_step { (tail == SELF) -> tail = 0 }; goto out
    :: (tail != SELF)
    fi;
wait_for_next:
    atomic { node = next[SELF]; top = (node == 0) };
    if
    :: d_step { (top != 0) -> top = 0 }; goto wait_for_next
    :: (top == 0)
    fi;
pass_on:
    waits[node] = false;
out:
    if
    :: d_step { (round < ROUNDS - 1) -> round = round + 1 }; goto again
    :: d_step { (round == ROUNDS - 1) -> round = round + 1 }
    fi;
end:
    false
}
