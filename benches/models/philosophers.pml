/* 12 philosophers who eat again and again: each takes the fork on the left, then the one on the right, puts both back
   in one step, and thinks for another. */

bool fork[12];

active [12] proctype p() {
again:
    atomic { !fork[_pid] -> fork[_pid] = true };
    d_step { !fork[(_pid + 1) % 12] -> fork[(_pid + 1) % 12] = true };
    d_step { fork[_pid] = false; fork[(_pid + 1) % 12] = false };
    skip;
    goto again
}
