/* The filter lock for three threads, eight rounds each. Each statement is one step. */

#define N 3
#define ROUNDS 8

byte level[N];
byte last[N];
byte x = 0;

active [N] proctype p() {
    byte l = 1;
    byte round = 0;
    byte top = 0;
next_level:
    level[_pid] = l;
    last[l] = _pid;
wait:
    if
    :: (last[l] != _pid) -> goto go_up
    :: (last[l] == _pid)
    fi;
    if
    :: (level[(_pid + 1) % N] >= l) -> goto wait
    :: (level[(_pid + 1) % N] < l)
    fi;
    if
    :: (level[(_pid + 2) % N] >= l) -> goto wait
    :: (level[(_pid + 2) % N] < l)
    fi;
go_up:
    if
    :: d_step { (l < N - 1) -> l = l + 1 }; goto next_level
    :: d_step { (l == N - 1) -> l = l + 1 }
    fi;
    top = x;
    skip;
    top = top + 1;
    d_step { x = top; top = 0 };
    level[_pid] = 0;
    if
    :: d_step { (round < ROUNDS - 1) -> l = 1; round = round + 1 }; goto next_level
    :: d_step { (round == ROUNDS - 1) -> l = 1; round = round + 1 }
    fi;
end:
    false
}
