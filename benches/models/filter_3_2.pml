/* The filter lock for three threads, two rounds each. Each statement is one instruction.
   The operand stack is `top`, and 0 where it is empty; what the place and the locals say of it is not stored. */

#define N 3
#define ROUNDS 2

byte level[N];
byte last[N];
byte x = 0;

/* Is the thread that is so far from me on my level or higher? */
inline ask(far) {
    skip;
    skip;
    skip;
    skip;
    skip;
    top = level[(_pid + far) % N];
    skip;
    top = (top >= l)
}

active [N] proctype p() {
    byte l = 1;
    byte round = 0;
    byte top = 0;
next_level:
    skip;
    skip;
    level[_pid] = l;
    skip;
    skip;
    last[l] = _pid;
wait:
    skip;
    top = last[l];
    skip;
    top = (top != _pid);
    if
    :: d_step { (top != 0) -> top = 0 }; goto go_up
    :: (top == 0)
    fi;
    ask(1);
    if
    :: d_step { (top != 0) -> top = 0 }; goto wait
    :: (top == 0)
    fi;
    ask(2);
    if
    :: d_step { (top != 0) -> top = 0 }; goto wait
    :: (top == 0)
    fi;
go_up:
    skip;
    skip;
    skip;
    skip;
    l = l + 1;
    skip;
    skip;
    if
    :: (l < N) -> goto next_level
    :: (l == N)
    fi;
    top = x;
    skip;
    top = top + 1;
    d_step { x = top; top = 0 };
    skip;
    skip;
    level[_pid] = 0;
    skip;
    l = 1;
    skip;
    skip;
    skip;
    skip;
    round = round + 1;
    skip;
    skip;
    if
    :: (round < ROUNDS) -> goto next_level
    :: (round == ROUNDS)
    fi;
end:
    false
}
