/* 3 threads, each 5 times x += 1 in four steps: load, push, add, store.
   The operand stack is `top`, and empty where it is 0; that there is a 1 on it too, the place says. */

byte x = 0;

inline increment() {
    top = x;
    skip;
    top = top + 1;
    d_step { x = top; top = 0 }
}

active [3] proctype p() {
    byte top = 0;
    increment();
    increment();
    increment();
    increment();
    increment();
end:
    false
}
