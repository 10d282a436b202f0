// Gives the reads of main memory their ids and puts their beats in the order of the requests. Ids are places in
// a ring, so a transaction may be answered in any order and memory is never told to wait.
//
// Beats of one transaction must come in their order. At the output come the useful beats of all transactions, in
// the order of requests; a beat may leave in the second cycle after it came.

module read_buffer #(
  parameter int unsigned REQUESTS = 16,  // a power of two
  parameter int unsigned BEAT_BITS = 128,
  localparam int unsigned ID_BITS = $clog2(REQUESTS)
) (
  input  logic                 clock,
  input  logic                 reset,
  input  logic                 request,      // not without `room`
  input  logic [          1:0] first_beat,
  input  logic [          1:0] last_beat,
  input  logic [          1:0] size,         // of the transaction, 1 << size beats
  output logic                 room,
  output logic [  ID_BITS-1:0] id,           // of the request
  output logic                 outstanding,
  input  logic                 in_valid,
  input  logic [  ID_BITS-1:0] in_id,
  input  logic [BEAT_BITS-1:0] in_data,
  output logic                 out_valid,
  input  logic                 out_ready,
  output logic [BEAT_BITS-1:0] out_data
);

  logic [ID_BITS:0] used;
  logic [ID_BITS-1:0] tail;
  logic [ID_BITS-1:0] head;
  logic [5:0] wanted[REQUESTS];  // first and last useful beat, last of all
  (* ram_style = "distributed" *)
  logic [BEAT_BITS-1:0] beats[4*REQUESTS];
  logic [3*REQUESTS-1:0] arrived;  // number of beats, by id

  assign room = used != (ID_BITS + 1)'(REQUESTS);
  assign outstanding = used != '0;
  assign id = tail;

  // ---- In.

  wire [2:0] in_arrived = arrived[in_id*3+:3];
  always_ff @(posedge clock) begin
    if (in_valid) begin
      beats[{in_id, in_arrived[1:0]}] <= in_data;
    end
  end

  // ---- Out: beats first to last of the transaction at the head. The last useful one waits for all, as the
  // transaction's place is free for the next from then on.

  logic head_loaded;
  logic [1:0] beat;
  logic [1:0] last;
  logic [1:0] final_beat;
  logic filled;
  wire [2:0] head_arrived = arrived[head*3+:3];
  wire [1:0] needed = beat == last ? final_beat : beat;
  wire moves = head_loaded && head_arrived > 3'(needed) && (!filled || out_ready);
  wire ends = moves && beat == last;
  wire loads = used > (ID_BITS + 1)'(head_loaded) && (!head_loaded || ends);
  wire [ID_BITS-1:0] next_head = head_loaded ? head + 1'b1 : head;

  assign out_valid = filled;
  always_ff @(posedge clock) begin
    if (moves) begin
      out_data <= beats[{head, beat}];
    end
    if (loads) begin
      {beat, last, final_beat} <= wanted[next_head];
    end else if (moves) begin
      beat <= beat + 1'b1;
    end
    if (request) begin
      wanted[tail] <= {first_beat, last_beat, size == 2'd0 ? 2'd0 : size == 2'd1 ? 2'd1 : 2'd3};
    end
  end

  always_ff @(posedge clock) begin
    if (reset) begin
      used <= '0;
      tail <= '0;
      head <= '0;
      head_loaded <= 1'b0;
      filled <= 1'b0;
    end else begin
      if (request) begin
        tail <= tail + 1'b1;
      end
      used <= used + (ID_BITS + 1)'(request) - (ID_BITS + 1)'(ends);
      if (ends) begin
        head <= head + 1'b1;
      end
      head_loaded <= loads || (head_loaded && !ends);
      filled <= moves || (filled && !out_ready);
    end
  end

  generate
    genvar i;
    for (i = 0; i < REQUESTS; i = i + 1) begin : gen_arrived
      always_ff @(posedge clock) begin
        if (request && tail == ID_BITS'(i)) begin
          arrived[i*3+:3] <= '0;
        end else if (in_valid && in_id == ID_BITS'(i)) begin
          arrived[i*3+:3] <= in_arrived + 1'b1;
        end
      end
    end
  endgenerate

  never_check no_request_without_room (
    .clock  (clock),
    .reset  (reset),
    .happens(request && !room)
  );

  never_check no_beat_too_many (
    .clock  (clock),
    .reset  (reset),
    .happens(in_valid && in_arrived == 3'd4)
  );

endmodule
