/* Lamport's bakery for three threads, two rounds each. Each statement is one step. */

#define N 3
#define ROUNDS 2
#define LARGER(a, b) (a > b -> a : b)
#define BEFORE_ME (number[other] != 0 && (number[other] < mine || (number[other] == mine && other < _pid)))

byte choosing[N];
byte number[N];
byte x = 0;

active [N] proctype p() {
    byte mine = 0;
    byte other = 0;
    byte round = 0;
    byte top = 0;
again:
    choosing[_pid] = 1;
look:
    atomic { mine = LARGER(number[other], mine); other = other + 1; top = (other < N) };
    if
    :: d_step { (top != 0) -> top = 0 }; goto look
    :: (top == 0)
    fi;
    d_step { other = 0; mine = mine + 1; number[_pid] = mine };
    choosing[_pid] = 0;
wait_for_choice:
    top = choosing[other];
    if
    :: d_step { (top != 0) -> top = 0 }; goto wait_for_choice
    :: (top == 0)
    fi;
wait_for_turn:
    top = BEFORE_ME;
    if
    :: d_step { (top != 0) -> top = 0 }; goto wait_for_turn
    :: (top == 0)
    fi;
    if
    :: d_step { (other < N - 1) -> other = other + 1 }; goto wait_for_choice
    :: d_step { (other == N - 1) -> other = other + 1 }
    fi;
    top = x;
    skip;
    top = top + 1;
    d_step { x = top; top = 0 };
    if
    :: d_step { (round < ROUNDS - 1) -> number[_pid] = 0; mine = 0; other = 0; round = round + 1 }; goto again
    :: d_step { (round == ROUNDS - 1) -> number[_pid] = 0; mine = 0; other = 0; round = round + 1 }
    fi;
end:
    false
}
