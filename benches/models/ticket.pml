/* A ticket lock for four threads, three rounds each. Each statement is one step. */

#define N 4
#define ROUNDS 3

byte next = 0;
byte serving = 0;
byte x = 0;

active [N] proctype p() {
    byte mine = 0;
    byte round = 0;
    byte top = 0;
again:
    atomic { mine = next; next = next + 1 };
wait:
    top = (serving != mine);
    if
    :: d_step { (top != 0) -> top = 0 }; goto wait
    :: (top == 0)
    fi;
    top = x;
    skip;
    top = top + 1;
    d_step { x = top; top = 0 };
    serving = serving + 1;
    if
    :: d_step { (round < ROUNDS - 1) -> round = round + 1 }; goto again
    :: d_step { (round == ROUNDS - 1) -> round = round + 1 }
    fi;
end:
    false
}
