mod algebra;
mod brute;
mod cases;
mod corpus;
mod engine;
mod world;
