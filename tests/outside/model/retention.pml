/* The disposal of a conversation at Google, small enough to be looked at in every state.
 *
 * Three turns in a chain, each going on from the one before; two holders; a steward that may die once in any
 * state; an upstream that deletes and does not say so, says so and does not, forgets to answer, or refuses. The
 * rules are those of reference/retention.md: an intent is durable before its DELETE (T6, T8, I2), holds protect all turns before them
 * (I1, I13), later turns go first (I14), a doubtful DELETE is looked at before anything else (T3), and gone is only what was
 * seen twice to be absent, with a control between (I4).
 *
 * spin -a retention.pml; cc -DSAFETY -o pan pan.c; ./pan
 * With -DBLIND, -DHASTY, -DUNORDERED or -DTRUSTING a seeded error stands in it, which must be found.
 */
#define TURNS 3
#define HOLDERS 2

mtype = { IDLE, INTENDED, SENDING, AMBIGUOUS, ACCEPTED, ABSENT_ONCE, CONTROLLED, GONE };

/* The records: what survives a crash. */
mtype state[TURNS] = IDLE;
bool is_closed[TURNS] = true;     /* every intent has its closing record */
bool is_held[TURNS * HOLDERS];
bool is_owed[TURNS];              /* an intent under which nothing was sent yet */

/* Upstream, which the steward cannot see. */
bool is_there[TURNS] = true;

bool has_crashed = false;

/* A hold on a turn protects all turns before it. */
#define HELD_ITSELF(turn) (is_held[(turn) * HOLDERS] || is_held[(turn) * HOLDERS + 1])
#define HELD(turn) (HELD_ITSELF(2) || ((turn) < 2 && HELD_ITSELF(1)) || ((turn) < 1 && HELD_ITSELF(0)))

#define BEHIND(turn) ((turn) == TURNS - 1 || state[(turn) + 1] == GONE)

active proctype Steward() {
    byte turn;
    do
    :: state[0] == GONE -> break
    :: select (turn : 0 .. 2);
       if
       :: state[turn] == IDLE ->
          atomic {
             if
#ifdef UNORDERED
             :: !HELD(turn) ->
#else
             :: !HELD(turn) && BEHIND(turn) ->
#endif
                state[turn] = INTENDED; is_closed[turn] = false; is_owed[turn] = true
             :: else -> skip
             fi
          }
       :: state[turn] == INTENDED ->
          /* The intent is durable; the holds are read again: whichever was recorded first wins. */
          atomic {
             if
#ifndef BLIND
             :: HELD(turn) -> state[turn] = IDLE; is_closed[turn] = true; is_owed[turn] = false
#endif
             :: else ->
                assert(!HELD(turn));                           /* I1, I13: nothing held is sent for */
                assert(BEHIND(turn));                          /* I14: later turns first */
                assert(!is_closed[turn] && is_owed[turn]);     /* I2: one intent, one DELETE */
                is_owed[turn] = false;
                state[turn] = SENDING
             fi
          }
       :: state[turn] == SENDING ->
          if
          :: atomic { is_there[turn] = false; state[turn] = ACCEPTED; is_closed[turn] = true }
          :: atomic { state[turn] = ACCEPTED; is_closed[turn] = true }             /* says so, and serves it still */
          :: atomic { is_there[turn] = false; state[turn] = AMBIGUOUS; is_closed[turn] = true }   /* no answer came */
          :: atomic { state[turn] = AMBIGUOUS; is_closed[turn] = true }
          :: atomic { state[turn] = IDLE; is_closed[turn] = true }                 /* 503: again, later */
          fi
       :: state[turn] == AMBIGUOUS || state[turn] == ACCEPTED ->
#ifdef TRUSTING
          state[turn] = GONE;
          assert(!is_there[turn])                              /* I4 */
#else
          if
          :: is_there[turn] -> state[turn] = IDLE
          :: !is_there[turn] -> state[turn] = ABSENT_ONCE
          :: state[turn] = ABSENT_ONCE         /* a misleading 404: it is there */
          fi
#endif
       :: state[turn] == ABSENT_ONCE ->
          if
          :: state[turn] = CONTROLLED          /* the control was served: 404s can be believed */
          :: state[turn] = AMBIGUOUS           /* it was not: what was seen says nothing */
          fi
       :: state[turn] == CONTROLLED ->
          if
          :: is_there[turn] -> state[turn] = IDLE
          :: else -> state[turn] = GONE
          fi;
          assert(state[turn] != GONE || !is_there[turn])       /* I4: gone is gone */
       :: else -> skip
       fi;
       if
       :: !has_crashed ->
          /* Killed: a record that was durable is all the next one knows. What was sending may have been sent. */
          atomic {
             has_crashed = true;
             turn = 0;
             do
             :: turn < TURNS ->
                if
#ifdef HASTY
                :: state[turn] == SENDING -> state[turn] = INTENDED
#else
                :: state[turn] == SENDING || state[turn] == INTENDED ->
                   state[turn] = AMBIGUOUS; is_closed[turn] = true; is_owed[turn] = false
#endif
                :: else -> skip
                fi;
                turn++
             :: else -> break
             od;
             turn = 0
          }
       :: true -> skip
       fi
    od
}

active [HOLDERS] proctype Holder() {
    byte turn;
    /* A hold that comes after the intent is too late for that turn, and says so (T7). */
    select (turn : 0 .. 2);
    is_held[turn * HOLDERS + _pid - 1] = true;
    if
    :: is_held[turn * HOLDERS + _pid - 1] = false
    :: skip
    fi
}
