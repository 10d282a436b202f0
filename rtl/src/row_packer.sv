// Packs local rows into beats of 16 bytes, for rows of main memory that begin anywhere in a beat.
//
// Rows come in parts of a beat at most (`in_data`), of which the first `in_count` elements count; in_last ends a row of
// main memory. in_shift: elements in front of it in its first beat. A part is taken a cycle; a row that ends in a
// beat that its last part has just begun takes a cycle more. The mask tells which elements of a beat count.

module row_packer #(
  parameter int unsigned ELEMENTS = 4,  // of a part
  parameter int unsigned W = 16,
  localparam int unsigned BEAT_ELEMENTS = 128 / W,
  localparam int unsigned SHIFT_BITS = $clog2(BEAT_ELEMENTS)
) (
  input  logic                      clock,
  input  logic                      reset,
  input  logic                      in_valid,
  output logic                      in_ready,
  input  logic                      in_last,
  input  logic [    SHIFT_BITS-1:0] in_shift,
  input  logic [      SHIFT_BITS:0] in_count,
  input  logic [    ELEMENTS*W-1:0] in_data,
  output logic                      out_valid,
  input  logic                      out_ready,
  output logic [             127:0] out_data,
  output logic [BEAT_ELEMENTS-1:0] out_mask
);

  logic first;  // part of a row
  logic flushes;  // the rest of a row is in `held`
  logic [SHIFT_BITS-1:0] next_place;
  logic [127:0] held;
  logic [BEAT_ELEMENTS-1:0] held_mask;

  wire [SHIFT_BITS-1:0] place = first ? in_shift : next_place;
  wire [SHIFT_BITS+1:0] end_place = (SHIFT_BITS + 2)'(place) + (SHIFT_BITS + 2)'(in_count);
  wire fills = end_place >= (SHIFT_BITS + 2)'(BEAT_ELEMENTS);
  wire overflows = end_place > (SHIFT_BITS + 2)'(BEAT_ELEMENTS);

  logic [127:0] rotated;
  logic [127:0] merged;
  logic [BEAT_ELEMENTS-1:0] here;
  logic [BEAT_ELEMENTS-1:0] beyond;

  generate
    genvar e;
    for (e = 0; e < BEAT_ELEMENTS; e = e + 1) begin : gen_elements
      wire [SHIFT_BITS:0] difference = (SHIFT_BITS + 1)'(e) - {1'b0, place};
      wire [SHIFT_BITS-1:0] from = difference[SHIFT_BITS-1:0];
      wire wraps = difference[SHIFT_BITS];
      wire counts = {1'b0, from} < in_count;
      if (ELEMENTS == BEAT_ELEMENTS) begin : gen_whole
        assign rotated[e*W+:W] = in_data[from*W+:W];
      end else begin : gen_part
        assign rotated[e*W+:W] = in_data[from[$clog2(ELEMENTS)-1:0]*W+:W];
      end
      assign here[e] = counts && !wraps;
      assign beyond[e] = counts && wraps;
      assign merged[e*W+:W] = here[e] ? rotated[e*W+:W] : held[e*W+:W];
    end
  endgenerate

  wire room = !out_valid || out_ready;
  wire take = in_valid && in_ready;
  wire gives = take && (fills || in_last);
  assign in_ready = !flushes && room;

  always_ff @(posedge clock) begin
    if (take) begin
      next_place <= end_place[SHIFT_BITS-1:0];
      held <= fills ? rotated : merged;
    end
    if (room) begin
      out_data <= flushes ? held : merged;
    end
  end

  always_ff @(posedge clock) begin
    if (reset) begin
      first <= 1'b1;
      flushes <= 1'b0;
      held_mask <= '0;
      out_valid <= 1'b0;
      out_mask <= '0;
    end else begin
      if (take) begin
        first <= in_last;
        flushes <= in_last && overflows;
        held_mask <= fills ? beyond : in_last ? '0 : held_mask | here;
      end else if (room && flushes) begin
        flushes <= 1'b0;
        held_mask <= '0;
      end
      if (room) begin
        out_valid <= gives || flushes;
        out_mask <= flushes ? held_mask : held_mask | here;
      end
    end
  end

endmodule
