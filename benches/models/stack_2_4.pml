/* Treiber's stack: two threads, four rounds each of pushing a node of one's own and taking the topmost one off. Each
   statement is one instruction. Nodes are numbered from 1 and used once; 0 is none.
   The operand stack is `top`, and 0 where it is empty; what the place and the locals say of it is not stored. */

#define N 2
#define ROUNDS 4
#define NODES (N * ROUNDS)

byte head = 0;
byte next[NODES + 1];
byte sum = 0;

inline cas(expected, new) {
    d_step {
        if
        :: (head == expected) -> head = new; top = 1
        :: else -> top = 0
        fi
    }
}

active [N] proctype p() {
    byte node = 0;
    byte taken = 0;
    byte top = 0;
    skip;
    skip;
    skip;
    node = _pid + 1;
push:
    top = head;
    skip;
    skip;
    next[node] = top;
    skip;
    cas(top, node);
    if
    :: (top == 0) -> goto push
    :: d_step { (top != 0) -> top = 0 }
    fi;
take:
    top = head;
    skip;
    d_step { taken = top; top = 0 };
    skip;
    top = next[taken];
    cas(taken, top);
    if
    :: (top == 0) -> goto take
    :: d_step { (top != 0) -> top = 0 }
    fi;
    skip;
    d_step { top = sum; sum = sum + taken };
    top = 0;
    skip;
    skip;
    skip;
    skip;
    node = node + N;
    skip;
    skip;
    if
    :: (node <= NODES) -> goto push
    :: (node > NODES)
    fi;
end:
    false
}
